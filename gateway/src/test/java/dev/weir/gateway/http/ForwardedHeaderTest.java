package dev.weir.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

final class ForwardedHeaderTest {

    @Test
    void aQuotedValueMayHaveEscapes() {
        assertThat(ForwardedHeader.parse("for=\"a\\\"b\";proto=https, for=c"))
                .isEqualTo(List.of(Map.of("for", "a\"b", "proto", "https"), Map.of("for", "c")));
        assertThat(ForwardedHeader.parse("for=\"a\\\"")).isEmpty();
    }

    /** The event loop reads it. */
    @Test
    void aLongQuotedValueIsReadInLittleStack() throws Exception {
        String value = "a".repeat(8000);
        var reading = new FutureTask<>(() -> ForwardedHeader.parse("for=\"" + value + "\""));
        var thread = new Thread(null, reading, "little stack", 256 << 10);
        thread.start();
        thread.join();
        assertThat(reading.get()).isEqualTo(List.of(Map.of("for", value)));
    }
}

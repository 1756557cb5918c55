package dev.weir.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.VertxOptions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class NodeOptionsTest {

    @Test
    void aBlockedThreadIsToldInOneLineAndNotEverySecond() {
        VertxOptions options = Node.options();

        assertThat(options.getWarningExceptionTimeUnit().toDays(options.getWarningExceptionTime()))
                .isGreaterThan(365);
        assertThat(options.getBlockedThreadCheckIntervalUnit()).isEqualTo(TimeUnit.MILLISECONDS);
        assertThat(options.getBlockedThreadCheckInterval()).isGreaterThanOrEqualTo(10_000);
    }
}

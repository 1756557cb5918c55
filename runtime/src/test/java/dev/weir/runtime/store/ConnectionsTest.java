package dev.weir.runtime.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import org.junit.jupiter.api.Test;

class ConnectionsTest {

    @Test
    void theReasonOfAnOutageIsSaidWhereTheFailureHasNoMessageOrOnlyAName() {
        assertThat(Connections.reason(new UnknownHostException("db"))).isEqualTo("its host is unknown: db");
        assertThat(Connections.reason(new ClosedChannelException())).contains("ClosedChannelException");
    }
}

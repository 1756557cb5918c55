package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.Socket;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class BusPortTest {

    @Test
    void aFixedPortIsListenedOnAndOneThatIsTakenIsNamed() throws Exception {
        HostPort bus = FreePorts.onLoopback();
        Cluster one = get(join(bus.port()));
        try {
            assertThatCode(() -> new Socket(bus.host(), bus.port()).close()).doesNotThrowAnyException();

            assertThat(failure(join(bus.port())))
                    .hasMessageContaining("bus-port")
                    .hasMessageContaining("" + bus.port());
        } finally {
            get(one.vertx().close());
        }
    }

    private static Future<Cluster> join(int busPort) throws Exception {
        ClusterConfig config = new ClusterConfig(
                "test-" + UUID.randomUUID(), Optional.of(FreePorts.onLoopback()), busPort, List.of(), false);
        return Cluster.join("node", config, true, Vertx.builder(), new VertxOptions(), reason -> {});
    }
}

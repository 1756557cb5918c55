package dev.weir.runtime.bus;

import static dev.weir.runtime.Futures.get;
import static org.awaitility.Awaitility.await;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.cluster.Cluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class WireFailuresTest {

    @Test
    void whatIsNoFrameIsCountedAndTheBusGoesOn() throws Exception {
        HostPort bus = FreePorts.onLoopback();
        ClusterConfig config = new ClusterConfig(
                "test-" + UUID.randomUUID(), Optional.of(FreePorts.onLoopback()), bus.port(), List.of(), false);
        Vertx vertx = get(Cluster.join(config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
        try {
            SimpleMeterRegistry metrics = new SimpleMeterRegistry();
            Courier.of(vertx, metrics);

            for (int frames = 1; frames <= 3; frames++) {
                int sent = frames;
                try (Socket stranger = new Socket(bus.host(), bus.port())) {
                    // A frame of no length, as none of ours is.
                    stranger.getOutputStream()
                            .write(ByteBuffer.allocate(64).putInt(-1).array());
                    await().until(() -> metrics.counter("weir.bus.garbled").count(), counted -> counted >= sent);
                }
            }
        } finally {
            get(vertx.close());
        }
    }
}

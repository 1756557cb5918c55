package dev.weir.runtime.bus;

import static dev.weir.runtime.Futures.get;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.cluster.Cluster;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class ClusteredCourierTest extends CourierContract {

    private static Vertx one;
    private static Vertx other;

    @BeforeAll
    static void join() throws Exception {
        String name = "test-" + UUID.randomUUID();
        HostPort first = FreePorts.onLoopback();
        one = join("sending", name, first, List.of());
        other = join(RECEIVING, name, FreePorts.onLoopback(), List.of(first));
    }

    @AfterAll
    static void leave() throws Exception {
        get(other.close());
        get(one.close());
    }

    private static Vertx join(String node, String name, HostPort bind, List<HostPort> join) throws Exception {
        ClusterConfig config = new ClusterConfig(name, Optional.of(bind), 0, join, false);
        return get(Cluster.join(node, config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
    }

    @Override
    Vertx sending() {
        return one;
    }

    @Override
    Vertx receiving() {
        return other;
    }
}

package dev.weir.runtime.memory;

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

/** A node that holds the data, and a lite one. */
class ClusteredMemoryTest extends MemoryContract {

    private static Cluster full;
    private static Cluster lite;

    @BeforeAll
    static void join() throws Exception {
        String name = "test-" + UUID.randomUUID();
        HostPort first = FreePorts.onLoopback();
        full = join(new ClusterConfig(name, Optional.of(first), 0, List.of(), false));
        lite = join(new ClusterConfig(name, Optional.of(FreePorts.onLoopback()), 0, List.of(first), true));
    }

    @AfterAll
    static void leave() throws Exception {
        get(lite.vertx().close());
        get(full.vertx().close());
    }

    private static Cluster join(ClusterConfig config) throws Exception {
        return get(Cluster.join("node", config, true, Vertx.builder(), new VertxOptions(), reason -> {}));
    }

    @Override
    ClusterMemory here() {
        return full.memory();
    }

    @Override
    ClusterMemory there() {
        return lite.memory();
    }

    @Override
    Vertx vertx() {
        return lite.vertx();
    }
}

package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.nio.serialization.HazelcastSerializationException;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.bus.Courier;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Objects of Java's serialization run code of their classes where they are read; nothing that a node reads is one. */
class JavaSerializationTest {

    private static final AtomicInteger REVIVED = new AtomicInteger();

    private static Vertx node;
    private static Vertx rogue;

    static final class Gadget implements Serializable {
        private static final long serialVersionUID = 1L;

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            REVIVED.incrementAndGet();
        }
    }

    @BeforeAll
    static void join() throws Exception {
        String name = "test-" + UUID.randomUUID();
        HostPort first = FreePorts.onLoopback();
        node = join("node", name, first, List.of());
        rogue = join("rogue", name, FreePorts.onLoopback(), List.of(first));
    }

    @AfterAll
    static void leave() throws Exception {
        get(rogue.close());
        get(node.close());
    }

    private static Vertx join(String id, String name, HostPort bind, List<HostPort> join) throws Exception {
        ClusterConfig config = new ClusterConfig(name, Optional.of(bind), 0, join, false);
        return get(Cluster.join(id, config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
    }

    @Test
    void aSerializedObjectOnTheBusIsDroppedAndCounted() throws Exception {
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        Courier courier = Courier.of(node, metrics);
        List<Parcel> heard = new CopyOnWriteArrayList<>();
        get(courier.listen("weir.test.node", delivery -> heard.add(delivery.parcel())));
        rogue.eventBus().serializableChecker(any -> true).clusterSerializableChecker(any -> true);

        rogue.eventBus().send("weir.test.node", new Gadget());
        await().until(() -> metrics.get("weir.bus.garbled").counter().count() == 1);

        assertThat(REVIVED).hasValue(0);
        Parcel parcel = Parcel.of(Cancel.newBuilder().setJobId("after").build());
        get(Courier.of(rogue, new SimpleMeterRegistry()).tell("weir.test.node", parcel));
        await().until(() -> heard.contains(parcel));
    }

    @Test
    void aSerializedObjectInTheClustersMemoryIsNotRead() {
        hazelcast(rogue).getMap("test").put("key", new Gadget());

        assertThatThrownBy(() -> hazelcast(node).getMap("test").get("key"))
                .isInstanceOf(HazelcastSerializationException.class)
                .hasRootCauseInstanceOf(SecurityException.class);
        assertThat(REVIVED).hasValue(0);
    }

    @Test
    void whatAnOperationOfTheClusterFailedWithIsRead() {
        Exception problem = new HazelcastException("outer", new TimeoutException("inner"));
        hazelcast(rogue).getMap("test").put("problem", problem);

        assertThat(hazelcast(node).getMap("test").get("problem"))
                .isInstanceOfSatisfying(HazelcastException.class, read -> assertThat(read)
                        .hasMessage("outer")
                        .hasRootCauseMessage("inner")
                        .hasStackTraceContaining("JavaSerializationTest"));
    }

    private static HazelcastInstance hazelcast(Vertx member) {
        return ((MemberClusterManager) ((VertxInternal) member).clusterManager()).hazelcast();
    }
}

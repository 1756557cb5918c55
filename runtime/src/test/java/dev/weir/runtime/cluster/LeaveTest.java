package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.map.IMap;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A node that leaves a cluster that does not answer. */
@Execution(ExecutionMode.CONCURRENT)
class LeaveTest {

    private final String name = "test-" + UUID.randomUUID();

    @Test
    void aNodeLeavesWhileAWriteOfItsClusterManagerWaits() throws Exception {
        HostPort first = FreePorts.onLoopback();
        Vertx holder = join(first, List.of());
        HostPort second = FreePorts.onLoopback();
        Vertx leaver = join(second, List.of(first));
        Vertx departed = join(FreePorts.onLoopback(), List.of(first));
        IMap<String, ?> nodes = TestMembers.find(name, first.port()).getMap(Registrations.NODES);
        Set<String> all = Set.copyOf(nodes.keySet());
        String threads = "hz." + TestMembers.find(name, second.port()).getName() + ".";
        try {
            // The leaver writes all members' entries again when another one departs, and these locks are never given
            // back.
            all.forEach(nodes::lock);

            get(departed.close());
            await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().entrySet().stream()
                            .filter(stack -> stack.getKey().getName().startsWith(threads))
                            .filter(stack -> List.of(stack.getValue())
                                    .toString()
                                    .contains("PatientClusterManager.memberRemoved")))
                    .isNotEmpty());
            get(leaver.close());

            await().untilAsserted(() -> assertThat(
                            TestMembers.find(name, first.port()).getCluster().getMembers())
                    .hasSize(1));
        } finally {
            all.forEach(nodes::unlock);
            get(holder.close());
        }
    }

    private Vertx join(HostPort bind, List<HostPort> others) throws Exception {
        var config = new ClusterConfig(name, Optional.of(bind), 0, others, false);
        return get(Cluster.join(config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
    }
}

package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.internal.partition.PartitionTableView;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class PartitionTablesTest {

    private final String name = "test-" + UUID.randomUUID();

    @Test
    void nothingIsKeptOfAMemberThatWasLost() throws Exception {
        HostPort first = FreePorts.onLoopback();
        Vertx node = get(Cluster.join(
                        "node", config(first, List.of()), true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
        HazelcastInstance memory = TestMembers.find(name, first.port());
        HazelcastInstance bystander = start(first); // Like a member of another kind: it keeps what Hazelcast keeps.
        HazelcastInstance lost = start(first);
        memory.getMap("test").put("key", "value"); // Assigns the partitions, so that each member has some of them.

        lost.getLifecycleService().terminate();

        await().until(() -> !kept(bystander).isEmpty());
        await().untilAsserted(() -> assertThat(kept(memory)).isEmpty());
        bystander.getLifecycleService().terminate();
        get(node.close());
    }

    private HazelcastInstance start(HostPort join) throws Exception {
        HostPort bind = FreePorts.onLoopback();
        return Hazelcast.newHazelcastInstance(HazelcastConfigs.of(
                "member",
                false,
                config(bind, List.of(join)),
                bind.host(),
                new Peers(List.of(join), InetAddress::getAllByName)));
    }

    private ClusterConfig config(HostPort bind, List<HostPort> join) {
        return new ClusterConfig(name, Optional.of(bind), 0, join, false);
    }

    private static Collection<PartitionTableView> kept(HazelcastInstance member) {
        return ((HazelcastInstanceProxy) member)
                .getOriginal()
                .node
                .getPartitionService()
                .getPartitionStateManager()
                .snapshots();
    }
}

package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.cluster.Member;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.MigrationListener;
import com.hazelcast.partition.MigrationState;
import com.hazelcast.partition.ReplicaMigrationEvent;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Data on its way to a member that joins. */
@Execution(ExecutionMode.CONCURRENT)
class PartitionMoveTest {

    private static final int LOSES_MS = 300;

    private final String name = "test-" + UUID.randomUUID();
    private final Vertx vertx = Vertx.vertx();
    private final List<HazelcastInstance> members = new ArrayList<>();

    @AfterEach
    void end() throws Exception {
        members.forEach(member -> member.getLifecycleService().terminate());
        get(vertx.close());
    }

    @Test
    void whatWasLostOnItsWayIsSentAgainThoughNoMemberWasLost() throws Exception {
        HostPort door = FreePorts.onLoopback();
        HostPort bind = FreePorts.onLoopback();
        LossyCable cable = get(LossyCable.between(vertx, door, bind));
        Config behind = config(bind, List.of());
        behind.getNetworkConfig().setPublicAddress(door.toString());
        HazelcastInstance first = start(behind);
        first.getPartitionService().addMigrationListener(new MigrationListener() {
            private boolean began;

            @Override
            public void migrationStarted(MigrationState state) {
                if (!began) {
                    began = true;
                    cable.swallow();
                    renewOnceItLost(cable);
                }
            }

            @Override
            public void migrationFinished(MigrationState state) {}

            @Override
            public void replicaMigrationCompleted(ReplicaMigrationEvent event) {}

            @Override
            public void replicaMigrationFailed(ReplicaMigrationEvent event) {}
        });
        first.getMap("data").put("key", "value");

        HazelcastInstance second = start(config(FreePorts.onLoopback(), List.of(door)));

        await().untilAsserted(() -> assertThat(owned(first, second)).isGreaterThan(100));
        assertThat(cable.swallowedBytes()).isPositive();
        assertThat(second.getMap("data").get("key")).isEqualTo("value");
    }

    /** After a while. On a busy machine nothing may have come in that time. */
    private void renewOnceItLost(LossyCable cable) {
        vertx.setTimer(LOSES_MS, id -> {
            if (cable.swallowedBytes() > 0) {
                cable.renew();
            } else {
                renewOnceItLost(cable);
            }
        });
    }

    /** The partitions that one member takes another for the holder of. */
    private static long owned(HazelcastInstance asked, HazelcastInstance holder) {
        Member member = holder.getCluster().getLocalMember();
        return asked.getPartitionService().getPartitions().stream()
                .filter(partition -> member.equals(partition.getOwner()))
                .count();
    }

    private Config config(HostPort bind, List<HostPort> join) {
        return HazelcastConfigs.of(
                "node",
                true,
                new ClusterConfig(name, Optional.of(bind), 0, join, false),
                bind.host(),
                new Peers(join, InetAddress::getAllByName));
    }

    private HazelcastInstance start(Config config) {
        HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
        members.add(member);
        return member;
    }
}

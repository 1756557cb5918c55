package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Two members, of which one asks the other where its bus is reached. */
@Execution(ExecutionMode.CONCURRENT)
class BusEndpointsTest {

    private final String name = "test-" + UUID.randomUUID();
    private final Vertx vertx = Vertx.vertx();
    private final List<HazelcastInstance> members = new ArrayList<>();
    private BusEndpoints asking;
    private BusEndpoints asked;
    private String node;

    @BeforeEach
    void join() throws Exception {
        HostPort first = FreePorts.onLoopback();
        asking = endpoints(start(first, List.of()));
        HazelcastInstance other = start(FreePorts.onLoopback(), List.of(first));
        asked = endpoints(other);
        node = other.getCluster().getLocalMember().getAttribute(Listeners.BUS);
    }

    @AfterEach
    void end() throws Exception {
        members.forEach(member -> member.getLifecycleService().terminate());
        get(vertx.close());
    }

    @Test
    void aMemberIsAskedUntilItsBusIsOpen() throws Exception {
        Future<NodeInfo> answer = asking.of(node);

        asked.opened(new NodeInfo("::1", 7001, null));

        assertThat(get(answer)).isEqualTo(new NodeInfo("::1", 7001, null));
    }

    @Test
    void itIsAskedOnceForAsLongAsItLives() throws Exception {
        asked.opened(new NodeInfo("127.0.0.1", 7001, null));
        NodeInfo first = get(asking.of(node));

        members.get(1).getUserContext().clear();

        assertThat(get(asking.of(node))).isSameAs(first);
    }

    @Test
    void whoDoesNotSayIsAskedAgainNextTime() throws Exception {
        assertThat(failure(asking.of(node))).hasMessageContaining("has not said");

        asked.opened(new NodeInfo("127.0.0.1", 7001, null));

        assertThat(get(asking.of(node)).port()).isEqualTo(7001);
    }

    @Test
    void whoIsNoMemberIsNotAsked() throws Exception {
        assertThat(failure(asking.of("nobody"))).hasMessageContaining("no member");
    }

    private BusEndpoints endpoints(HazelcastInstance member) {
        return new BusEndpoints(vertx, () -> member, member.getCluster()::getMembers);
    }

    private HazelcastInstance start(HostPort bind, List<HostPort> join) {
        ClusterConfig cluster = new ClusterConfig(name, Optional.of(bind), 0, join, false);
        Config config =
                HazelcastConfigs.of("node", false, cluster, bind.host(), new Peers(join, InetAddress::getAllByName));
        HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
        members.add(member);
        return member;
    }
}

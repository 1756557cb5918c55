package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.cluster.Peers.Names;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Nodes with an address each that find each other by one name for all, as those of Compose and Kubernetes do. */
@Execution(ExecutionMode.CONCURRENT)
class JoinByNameTest {

    private static final List<String> HOSTS = List.of("127.0.0.2", "127.0.0.3", "127.0.0.4");

    private final String name = "test-" + UUID.randomUUID();
    private final List<Cluster> joined = new ArrayList<>();
    private int port;

    @BeforeEach
    void choosePort() throws Exception {
        port = FreePorts.onLoopback().port();
    }

    @AfterEach
    void leave() throws Exception {
        for (int i = joined.size() - 1; i >= 0; i--) {
            get(joined.get(i).vertx().close());
        }
    }

    @Test
    void gatewaysThatStartTogetherAndAStageAreOneCluster() throws Exception {
        Names names = host -> addresses(HOSTS);
        Future<Cluster> stage = joining(HOSTS.get(0), false, names);
        Future<Cluster> gateway = joining(HOSTS.get(1), true, names);
        Future<Cluster> other = joining(HOSTS.get(2), true, names);

        joined.addAll(List.of(get(gateway), get(other), get(stage)));

        awaitOneClusterOf(3);
    }

    @Test
    void aNodeThatTheNameDidNotStandForYetIsFoundLater() throws Exception {
        AtomicBoolean allAreKnown = new AtomicBoolean();
        for (String host : HOSTS.subList(0, 2)) {
            joined.add(get(joining(host, true, any -> addresses(allAreKnown.get() ? HOSTS : List.of(host)))));
        }
        assertThat(joined.get(0).memory().view())
                .isNotEqualTo(joined.get(1).memory().view());

        Courier here = Courier.of(joined.get(0).vertx(), new SimpleMeterRegistry());
        Courier there = Courier.of(joined.get(1).vertx(), new SimpleMeterRegistry());
        List<Parcel> heard = new CopyOnWriteArrayList<>();
        get(there.listen(Addresses.STATUS, delivery -> heard.add(delivery.parcel())));
        here.publish(Addresses.STATUS, Parcel.of(NodeStatus.getDefaultInstance())); // The bus remembers who hears it.

        allAreKnown.set(true);

        awaitOneClusterOf(2);
        Parcel status = Parcel.of(NodeStatus.newBuilder().setNodeId("merged").build());
        await().until(() -> {
            here.publish(Addresses.STATUS, status);
            return !heard.isEmpty();
        });
        assertThat(heard).containsOnly(status);
    }

    private void awaitOneClusterOf(int members) {
        await().until(() -> joined.stream()
                .map(cluster -> cluster.memory().view())
                .allMatch(view -> view.split(",").length == members));
    }

    private Future<Cluster> joining(String host, boolean begins, Names names) {
        ClusterConfig config = new ClusterConfig(
                name, Optional.of(new HostPort(host, port)), 0, List.of(new HostPort("weir-cluster", port)), false);
        return Cluster.join(host, config, names, begins, Vertx.builder(), new VertxOptions(), reason -> {});
    }

    private static InetAddress[] addresses(List<String> hosts) throws UnknownHostException {
        InetAddress[] addresses = new InetAddress[hosts.size()];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = InetAddress.getByName(hosts.get(i));
        }
        return addresses;
    }
}

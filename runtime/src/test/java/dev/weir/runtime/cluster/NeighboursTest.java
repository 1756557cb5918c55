package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NeighboursTest {

    private static final InetSocketAddress NOWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);

    private HostPort address;
    private Vertx node;

    @BeforeEach
    void start() throws Exception {
        address = FreePorts.onLoopback();
        ClusterConfig config =
                new ClusterConfig("test-" + UUID.randomUUID(), Optional.of(address), 0, List.of(), false);
        node = get(Cluster.join("node", config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
    }

    @AfterEach
    void end() throws Exception {
        get(node.close());
    }

    @Test
    void aMemberAnswersWhoKnowsItOrWasToldToJoinIt() throws Exception {
        assertThat(get(neighbours(List.of(), NOWHERE).anyAnswers(List.of(NOWHERE, at(address)))))
                .isTrue();
        assertThat(get(neighbours(List.of(address), NOWHERE).anyAnswers(List.of())))
                .isTrue();
    }

    @Test
    void aNodeIsNotItsOwnNeighbour() throws Exception {
        assertThat(get(neighbours(List.of(address), at(address)).anyAnswers(List.of(at(address)))))
                .isFalse();
    }

    @Test
    void neitherWhoIsGoneNorWhoIsFrozenAnswers() throws Exception {
        HostPort gone = FreePorts.onLoopback();
        try (ServerSocket frozen = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(get(neighbours(List.of(gone), NOWHERE)
                            .anyAnswers(List.of(at(gone), (InetSocketAddress) frozen.getLocalSocketAddress()))))
                    .isFalse();
        }
    }

    private Neighbours neighbours(List<HostPort> told, InetSocketAddress self) {
        return new Neighbours(node, new Peers(told, InetAddress::getAllByName), self);
    }

    private static InetSocketAddress at(HostPort address) {
        return new InetSocketAddress(address.host(), address.port());
    }
}

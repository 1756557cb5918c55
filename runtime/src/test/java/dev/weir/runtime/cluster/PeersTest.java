package dev.weir.runtime.cluster;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.runtime.HostPort;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class PeersTest {

    private final List<String> lookups = new CopyOnWriteArrayList<>();

    @Test
    void aNameIsLookedUpAnewAndStandsForAllOfItsAddresses() throws Exception {
        InetAddress down = InetAddress.getByName("127.0.0.2");
        InetAddress up = InetAddress.getLoopbackAddress();
        try (ServerSocket node = new ServerSocket(0, 1, up)) {
            Peers peers = new Peers(List.of(new HostPort("weir-cluster", node.getLocalPort())), host -> {
                lookups.add(host);
                return switch (lookups.size()) {
                    case 1 -> throw new UnknownHostException(host);
                    case 2 -> new InetAddress[] {down};
                    default -> new InetAddress[] {down, up};
                };
            });

            get(peers.awaitOne());
        }
        assertThat(lookups).containsExactly("weir-cluster", "weir-cluster", "weir-cluster");
    }
}

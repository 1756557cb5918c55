package dev.weir.runtime.cluster;

import com.hazelcast.config.TcpIpConfig;
import dev.weir.runtime.HostPort;
import java.util.List;

/**
 * The addresses that Hazelcast asks when it looks for members, or for clusters to merge with. They are resolved at each
 * call. Hazelcast gets no names, because with a bound interface it drops all addresses of a name except those of that
 * interface. (Its discovery interface would forget former members, with which a node without nodes to join has to
 * merge.) Hazelcast's threads.
 */
final class PeerAddresses extends TcpIpConfig {

    private final Peers peers;

    PeerAddresses(Peers peers) {
        this.peers = peers;
        setEnabled(true);
    }

    @Override
    public List<String> getMembers() {
        return peers.addresses().stream()
                .map(peer -> new HostPort(peer.getAddress().getHostAddress(), peer.getPort()).toString())
                .toList();
    }
}

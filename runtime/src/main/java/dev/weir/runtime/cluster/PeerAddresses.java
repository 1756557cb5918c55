package dev.weir.runtime.cluster;

import com.hazelcast.config.TcpIpConfig;
import dev.weir.runtime.HostPort;
import java.util.List;

/**
 * Whom Hazelcast asks whenever it looks for members, or for clusters to merge with: addresses, as they are then. It is not given
 * names, since once it is told which interface to bind, it drops all addresses of a name but those of that interface. (Its discovery
 * interface would forget who was a member, whom one without anybody to join merges with.) Hazelcast's threads.
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

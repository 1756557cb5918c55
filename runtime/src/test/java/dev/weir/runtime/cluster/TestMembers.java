package dev.weir.runtime.cluster;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import com.hazelcast.internal.partition.PartitionTableView;
import java.util.Collection;

/** The members of clusters in this JVM. */
final class TestMembers {

    private TestMembers() {}

    static HazelcastInstance find(String cluster, int port) {
        return Hazelcast.getAllHazelcastInstances().stream()
                .filter(member -> is(member, cluster, port))
                .findFirst()
                .orElseThrow();
    }

    /** What a member keeps of the partition tables of members that have left. */
    static Collection<PartitionTableView> partitionTables(HazelcastInstance member) {
        return ((HazelcastInstanceProxy) member)
                .getOriginal()
                .node
                .getPartitionService()
                .getPartitionStateManager()
                .snapshots();
    }

    private static boolean is(HazelcastInstance member, String cluster, int port) {
        try {
            return member.getConfig().getClusterName().equals(cluster)
                    && member.getCluster().getLocalMember().getAddress().getPort() == port;
        } catch (HazelcastInstanceNotActiveException e) {
            return false; // Members of tests that run beside this one stop at any time.
        }
    }
}

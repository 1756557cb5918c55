package dev.weir.runtime.cluster;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;

/** The members of clusters in this JVM. */
final class TestMembers {

    private TestMembers() {}

    static HazelcastInstance find(String cluster, int port) {
        return Hazelcast.getAllHazelcastInstances().stream()
                .filter(member -> is(member, cluster, port))
                .findFirst()
                .orElseThrow();
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

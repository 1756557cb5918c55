package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceProxy;

/**
 * What Hazelcast keeps of members that were lost: for each a copy of the partition table, in case it comes back with its data on a disk.
 * Weir's members have no data on disks and come back under new names, so nothing would ever remove the copies. Any thread.
 */
final class PartitionTables {

    private PartitionTables() {}

    static void forget(HazelcastInstance hazelcast, Member lost) {
        ((HazelcastInstanceProxy) hazelcast)
                .getOriginal()
                .node
                .getPartitionService()
                .getPartitionStateManager()
                .removeSnapshot(lost.getUuid());
    }
}

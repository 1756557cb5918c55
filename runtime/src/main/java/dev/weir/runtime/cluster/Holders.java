package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.partition.Partition;
import com.hazelcast.partition.PartitionService;
import com.hazelcast.partition.strategy.StringPartitioningStrategy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Which member currently holds which partition of the memory. Any thread. */
final class Holders {

    /** For partitions that no member holds, and for requests to no particular member. */
    static final UUID NOBODY = new UUID(0, 0);

    private final HazelcastInstance hazelcast;
    /** For each partition, one key that belongs to it. */
    private final Map<Integer, Object> keys = new HashMap<>();

    Holders(HazelcastInstance hazelcast) {
        this.hazelcast = hazelcast;
        PartitionService service = hazelcast.getPartitionService();
        int count = service.getPartitions().size();
        for (int key = 0; keys.size() < count; key++) {
            keys.putIfAbsent(service.getPartition(key).getPartitionId(), key);
        }
    }

    UUID memberOf(String key) {
        return holder(hazelcast.getPartitionService().getPartition(StringPartitioningStrategy.getPartitionKey(key)));
    }

    /** Empty: this member. */
    String of(String key) {
        UUID holder = memberOf(key);
        return holder.equals(hazelcast.getCluster().getLocalMember().getUuid()) ? "" : holder.toString();
    }

    /** By member: one key for each partition that it holds. */
    Map<UUID, Set<Object>> partitions() {
        Map<UUID, Set<Object>> held = new HashMap<>();
        for (Partition partition : hazelcast.getPartitionService().getPartitions()) {
            held.computeIfAbsent(holder(partition), member -> new HashSet<>())
                    .add(keys.get(partition.getPartitionId()));
        }
        return held;
    }

    private static UUID holder(Partition partition) {
        Member owner = partition.getOwner();
        return owner == null ? NOBODY : owner.getUuid();
    }
}

package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.core.HazelcastInstance;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Vertx;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * The memory of the cluster in Hazelcast maps from strings to byte arrays, so that nothing else is serialized. Any
 * thread.
 */
final class HazelcastMemory implements ClusterMemory {

    private final Map<MemoryArea, MemoryMap> maps = new EnumMap<>(MemoryArea.class);

    private final HazelcastInstance hazelcast;

    HazelcastMemory(Vertx vertx, HazelcastInstance hazelcast) {
        this.hazelcast = hazelcast;
        Holders holders = new Holders(hazelcast);
        Lanes lanes = new Lanes(hazelcast, holders);
        for (MemoryArea area : MemoryArea.values()) {
            maps.put(area, new HazelcastMap(vertx, hazelcast.getMap(mapName(area)), area, holders, lanes));
        }
    }

    static String mapName(MemoryArea area) {
        return "weir." + area;
    }

    @Override
    public MemoryMap map(MemoryArea area) {
        return maps.get(area);
    }

    /**
     * The members, in an order that is the same on all of them. A member that was removed and rejoined has a new name.
     */
    @Override
    public String view() {
        return hazelcast.getCluster().getMembers().stream()
                .map(HazelcastMemory::name)
                .sorted()
                .collect(Collectors.joining(","));
    }

    @Override
    public String member() {
        return name(hazelcast.getCluster().getLocalMember());
    }

    /**
     * Called for every received status, so it creates no string per member. The name may be invalid, because any peer
     * can send a status.
     */
    @Override
    public boolean isMember(String member) {
        UUID asked;
        try {
            asked = UUID.fromString(member);
        } catch (IllegalArgumentException noName) {
            return false;
        }
        return hazelcast.getCluster().getMembers().stream()
                .anyMatch(known -> known.getUuid().equals(asked));
    }

    @Override
    public boolean isShared() {
        return hazelcast.getCluster().getMembers().stream()
                .anyMatch(member -> !member.localMember() && !member.isLiteMember());
    }

    @Override
    public boolean isAlone() {
        return hazelcast.getCluster().getMembers().size() <= 1;
    }

    private static String name(Member member) {
        return member.getUuid().toString();
    }
}

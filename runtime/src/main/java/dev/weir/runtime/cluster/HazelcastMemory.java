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

/** The memory of the cluster in Hazelcast's maps, of byte arrays by string, so that nothing is serialized but these. Any thread. */
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

    /** Its members, in an order that all have them in; a member that was removed and came back has another name. */
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

    /** Asked for each status that comes, so without a string for each member; strangers may send what is no name. */
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

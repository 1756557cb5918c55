package dev.weir.runtime.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.PartitioningStrategyConfig;
import com.hazelcast.config.SplitBrainProtectionConfig;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.partition.strategy.StringPartitioningStrategy;
import com.hazelcast.spi.merge.PutIfAbsentMergePolicy;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionOn;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.memory.MemoryArea;
import java.util.UUID;

/** Hazelcast's configuration, with the reason for each value. */
final class HazelcastConfigs {

    private static final String QUORUM = "weir.quorum";

    private HazelcastConfigs() {}

    /** @param nodeId under which other nodes send messages to this one */
    static Config of(String nodeId, boolean isGateway, ClusterConfig cluster, String bindHost, Peers peers) {
        Config config = new Config();
        config.getMemberAttributeConfig()
                .setAttribute(Listeners.NODE, nodeId)
                .setAttribute(Listeners.GATEWAY, String.valueOf(isGateway))
                .setAttribute(Listeners.BUS, UUID.randomUUID().toString());
        config.setClusterName(cluster.name());
        config.setLiteMember(cluster.lite());
        for (MemoryArea area : MemoryArea.values()) {
            memory(config, area, cluster.quorum());
        }
        config.getSerializationConfig().addDataSerializableFactory(NewerRecordPolicy.FACTORY, HazelcastConfigs::create);
        if (cluster.quorum() > 0) {
            config.addSplitBrainProtectionConfig(quorum(cluster.quorum()));
        }
        network(config.getNetworkConfig(), cluster, bindHost, peers);
        config.getSerializationConfig().setJavaSerializationFilterConfig(JavaObjects.filter());
        config.setProperty("hazelcast.local.localAddress", bindHost);
        config.setProperty("hazelcast.socket.bind.any", "false");
        // A signal drains the node, which leaves the cluster at its end.
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        // Remove a dead node after 10 s instead of 60 s. With 5 s, a busy CPU was mistaken for death, and when the
        // oldest member froze, the members that suspected it last were left out of the new membership.
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
        // A member that suspects all older members asks the others whether it is now the oldest. Until then it can
        // neither work nor rejoin. One unreachable member delayed this by 40 s; the default is up to two minutes.
        config.setProperty("hazelcast.mastership.claim.timeout.seconds", "15");
        // A frozen node that should hold a copy delays a write by no more than this. It is checked once a second.
        config.setProperty("hazelcast.operation.backup.timeout.millis", "200");
        // Nodes may start in any order. Nodes that found no other form clusters of their own, which merge after this
        // time.
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        // An operation on a connection that closed is lost, and this is noticed after twice this time (by default two
        // minutes). It must not be shorter than the time after which a member is removed, because the member may still
        // answer until then.
        config.setProperty("hazelcast.operation.call.timeout.millis", "10000");
        // The same for a partition that is moving, in addition to the time above (by default five minutes). Until then
        // its holder accepts no writes to it, and the data of a member that dies meanwhile has no new owner.
        config.setProperty("hazelcast.partition.migration.timeout", "5");
        // A leaving member hands over its share of the data first, but does not wait forever if the others cannot take
        // it.
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "10");
        return config;
    }

    /** What is written by its number, without a name of a class. */
    private static IdentifiedDataSerializable create(int type) {
        return switch (type) {
            case NewerRecordPolicy.CLASS -> new NewerRecordPolicy();
            case CompareAndSet.CLASS -> new CompareAndSet();
            case BusQuestion.CLASS -> new BusQuestion();
            default -> throw new IllegalArgumentException("Weir has no type " + type);
        };
    }

    private static void memory(Config config, MemoryArea area, int quorum) {
        MapConfig map = config.getMapConfig(HazelcastMemory.mapName(area));
        map.setBackupCount(area.copies() - 1);
        map.setReadBackupData(area.isLedger());
        map.setPartitioningStrategyConfig(new PartitioningStrategyConfig(StringPartitioningStrategy.INSTANCE));
        if (area.isLedger() && quorum > 0) {
            map.setSplitBrainProtectionName(QUORUM);
        }
        // If two entries cannot be compared, the one of the larger part is kept.
        map.getMergePolicyConfig()
                .setPolicy(
                        area == MemoryArea.JOBS
                                ? NewerRecordPolicy.class.getName()
                                : PutIfAbsentMergePolicy.class.getName());
        if (area.megabytes() > 0) {
            map.getEvictionConfig()
                    .setMaxSizePolicy(MaxSizePolicy.USED_HEAP_SIZE)
                    .setSize(area.megabytes())
                    .setEvictionPolicy(EvictionPolicy.LRU);
        }
    }

    /** Writes need this many data members. Reads need fewer. */
    private static SplitBrainProtectionConfig quorum(int dataMembers) {
        return new SplitBrainProtectionConfig(QUORUM, true, dataMembers)
                .setProtectOn(SplitBrainProtectionOn.WRITE)
                .setFunctionImplementation(members -> members.stream()
                                .filter(member -> !member.isLiteMember())
                                .count()
                        >= dataMembers);
    }

    private static void network(NetworkConfig network, ClusterConfig cluster, String bindHost, Peers peers) {
        int port = cluster.bind().map(HostPort::port).orElse(0);
        network.setPort(port == 0 ? ClusterConfig.FIRST_PORT : port);
        network.setPortAutoIncrement(port == 0);
        network.getInterfaces().setEnabled(true).addInterface(bindHost);
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        join.setTcpIpConfig(new PeerAddresses(peers));
    }
}

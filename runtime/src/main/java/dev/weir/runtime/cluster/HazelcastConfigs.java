package dev.weir.runtime.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.config.PartitioningStrategyConfig;
import com.hazelcast.config.SplitBrainProtectionConfig;
import com.hazelcast.partition.strategy.StringPartitioningStrategy;
import com.hazelcast.spi.merge.PutIfAbsentMergePolicy;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionOn;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.memory.MemoryArea;
import io.vertx.spi.cluster.hazelcast.ConfigUtil;

/** What Hazelcast is told, and why. */
final class HazelcastConfigs {

    private static final int BACKUPS = 2;
    private static final String QUORUM = "weir.quorum";

    private HazelcastConfigs() {}

    static Config of(ClusterConfig cluster, String bindHost, Peers peers) {
        // A bare Config would lose what Vert.x needs of its subscription map.
        Config config = ConfigUtil.loadConfig();
        config.setClusterName(cluster.name());
        config.setLiteMember(cluster.lite());
        config.getMultiMapConfig(Registrations.LISTENERS).setBackupCount(BACKUPS);
        config.getMapConfig(Registrations.NODES).setBackupCount(BACKUPS);
        for (MemoryArea area : MemoryArea.values()) {
            memory(config, area, cluster.quorum());
        }
        config.getSerializationConfig()
                .addDataSerializableFactory(
                        NewerRecordPolicy.FACTORY,
                        type -> type == NewerRecordPolicy.CLASS ? new NewerRecordPolicy() : new CompareAndSet());
        if (cluster.quorum() > 0) {
            config.addSplitBrainProtectionConfig(quorum(cluster.quorum()));
        }
        network(config.getNetworkConfig(), cluster, bindHost, peers);
        config.getSerializationConfig().setJavaSerializationFilterConfig(JavaObjects.filter());
        config.setProperty("hazelcast.local.localAddress", bindHost);
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        // A dead node is removed after 10 s instead of 60. At 5 s a busy CPU passed for death, and where the oldest
        // member froze, those that suspected it last were left out of the new membership.
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "10");
        // Who suspects all that are older asks the others whether it is the oldest, and can until then neither work nor
        // find back. One that it no longer reached kept it so for 40 s; by default, for up to two minutes.
        config.setProperty("hazelcast.mastership.claim.timeout.seconds", "15");
        // A write is not held up for longer by a frozen node that is to have a copy: looked at once a second.
        config.setProperty("hazelcast.operation.backup.timeout.millis", "200");
        // Nodes may be started in any order: those that found nobody form clusters of their own, which merge after
        // this.
        config.setProperty("hazelcast.merge.first.run.delay.seconds", "5");
        config.setProperty("hazelcast.merge.next.run.delay.seconds", "5");
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        // What was under way on a connection that closed is lost, and noticed after twice this time; by default, after
        // two minutes. No shorter than what makes a member no member: until then it may yet answer.
        config.setProperty("hazelcast.operation.call.timeout.millis", "10000");
        // The same for a partition on its way, noticed that much after this; by default, five minutes. Until then its
        // holder takes no write to it, and of a member that dies meanwhile nobody takes over the data.
        config.setProperty("hazelcast.partition.migration.timeout", "5");
        // Who leaves hands its share of the data on first, but does not wait for ever where the others cannot take it.
        config.setProperty("hazelcast.graceful.shutdown.max.wait", "10");
        return config;
    }

    private static void memory(Config config, MemoryArea area, int quorum) {
        MapConfig map = config.getMapConfig(HazelcastMemory.mapName(area));
        map.setBackupCount(area.copies() - 1);
        map.setReadBackupData(area.isLedger());
        map.setPartitioningStrategyConfig(new PartitioningStrategyConfig(StringPartitioningStrategy.INSTANCE));
        if (area.isLedger() && quorum > 0) {
            map.setSplitBrainProtectionName(QUORUM);
        }
        // Of two that cannot be compared, the one in the larger part stays.
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

    /** Writes need so many members that hold data; what is written may be read by fewer. */
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

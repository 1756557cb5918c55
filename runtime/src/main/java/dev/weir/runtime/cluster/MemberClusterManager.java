package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.core.LifecycleListener;
import io.vertx.core.Completable;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.AsyncMap;
import io.vertx.core.shareddata.Counter;
import io.vertx.core.shareddata.Lock;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.NodeListener;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What Vert.x's bus needs to know of a cluster. Nothing is registered in the cluster's data: who listens where follows from Hazelcast's
 * list of members ({@link Listeners}), and each member says where its bus is reached ({@link BusEndpoints}). So messages need no data, and
 * nothing has to be written again after a partition, a merge, or the loss of those that held the data. Vert.x's shared maps, locks and
 * counters are refused: Weir's data is in {@link dev.weir.runtime.memory.ClusterMemory}. Any thread.
 */
final class MemberClusterManager implements ClusterManager, MembershipListener, LifecycleListener {

    private static final String NO_SHARED_DATA = "Weir's data is in its ClusterMemory, not in Vert.x's shared data";

    private final Config config;
    private final String id;
    private final Listeners listeners = new Listeners(this::members);
    private Vertx vertx;
    private BusEndpoints endpoints;
    private volatile HazelcastInstance hazelcast;

    /** @param config of {@link HazelcastConfigs} */
    MemberClusterManager(Config config) {
        this.config = config;
        this.id = config.getMemberAttributeConfig().getAttribute(Listeners.BUS);
    }

    @Override
    public void init(Vertx newVertx) {
        vertx = newVertx;
        endpoints = new BusEndpoints(vertx, this::hazelcast, this::members);
    }

    @Override
    public void registrationListener(RegistrationListener bus) {
        listeners.bus(bus);
    }

    @Override
    public void join(Completable<Void> done) {
        vertx.<Void>executeBlocking(() -> {
                    hazelcast = Hazelcast.newHazelcastInstance(config);
                    hazelcast.getCluster().addMembershipListener(this);
                    hazelcast.getLifecycleService().addLifecycleListener(this);
                    listeners.membersChanged(); // No event tells of those that were there before.
                    return null;
                })
                .onComplete(done);
    }

    /** Hands this node's share of the data over first, for at most the time that {@link HazelcastConfigs} sets. */
    @Override
    public void leave(Completable<Void> done) {
        vertx.<Void>executeBlocking(() -> {
                    hazelcast.getLifecycleService().shutdown();
                    return null;
                })
                .onComplete(done);
    }

    @Override
    public boolean isActive() {
        return hazelcast != null && hazelcast.getLifecycleService().isRunning();
    }

    @Override
    public String getNodeId() {
        return id;
    }

    @Override
    public List<String> getNodes() {
        return members().stream()
                .map(member -> member.getAttribute(Listeners.BUS))
                .toList();
    }

    @Override
    public void setNodeInfo(NodeInfo own, Completable<Void> done) {
        endpoints.opened(own);
        done.succeed();
    }

    @Override
    public NodeInfo getNodeInfo() {
        return endpoints.own();
    }

    @Override
    public void getNodeInfo(String node, Completable<NodeInfo> done) {
        Context caller = vertx.getOrCreateContext(); // The answer comes on a thread of Hazelcast's.
        endpoints.of(node).onComplete((info, problem) -> caller.runOnContext(v -> done.complete(info, problem)));
    }

    @Override
    public void addRegistration(String address, RegistrationInfo listener, Completable<Void> done) {
        done.succeed();
    }

    @Override
    public void removeRegistration(String address, RegistrationInfo listener, Completable<Void> done) {
        done.succeed();
    }

    @Override
    public void getRegistrations(String address, Completable<List<RegistrationInfo>> done) {
        done.succeed(listeners.at(address));
    }

    @Override
    public void memberAdded(MembershipEvent event) {
        listeners.membersChanged();
    }

    @Override
    public void memberRemoved(MembershipEvent event) {
        listeners.membersChanged();
        PartitionTables.forget(hazelcast, event.getMember());
    }

    @Override
    public void stateChanged(LifecycleEvent event) {
        if (event.getState() == LifecycleState.MERGED) {
            listeners.membersChanged();
        }
    }

    /** For Vert.x's fail-over of verticles, which Weir does not use. */
    @Override
    public void nodeListener(NodeListener listener) {}

    @Override
    public <K, V> void getAsyncMap(String name, Completable<AsyncMap<K, V>> done) {
        done.fail(NO_SHARED_DATA);
    }

    @Override
    public <K, V> Map<K, V> getSyncMap(String name) {
        throw new UnsupportedOperationException(NO_SHARED_DATA);
    }

    @Override
    public void getLockWithTimeout(String name, long timeoutMs, Completable<Lock> done) {
        done.fail(NO_SHARED_DATA);
    }

    @Override
    public void getCounter(String name, Completable<Counter> done) {
        done.fail(NO_SHARED_DATA);
    }

    /** Null until this node has joined. */
    HazelcastInstance hazelcast() {
        return hazelcast;
    }

    Member self() {
        return hazelcast.getCluster().getLocalMember();
    }

    /** None once this node has left. */
    private Set<Member> members() {
        try {
            return hazelcast.getCluster().getMembers();
        } catch (HazelcastInstanceNotActiveException left) {
            return Set.of();
        }
    }
}

package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import io.vertx.core.Completable;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.List;
import java.util.Set;

/**
 * Vert.x's cluster manager, without the two maps in which it registers nodes and listeners: who listens where follows from the list of
 * members ({@link Listeners}), and each member says where its bus is reached ({@link BusEndpoints}). So messages need no data of the
 * cluster, and nothing has to be written again after a partition, a merge, or the loss of those that held the data. Any thread.
 */
final class MemberClusterManager extends HazelcastClusterManager {

    private final Listeners listeners = new Listeners(this::members);
    private Vertx vertx;
    private BusEndpoints endpoints;

    /** @param config with the attribute {@link Listeners#NODE} */
    MemberClusterManager(Config config) {
        super(config);
    }

    @Override
    public void init(Vertx vertx) {
        super.init(vertx);
        this.vertx = vertx;
        endpoints = new BusEndpoints(vertx, this::getHazelcastInstance, this::members);
    }

    @Override
    public void registrationListener(RegistrationListener bus) {
        super.registrationListener(bus);
        listeners.tell(bus);
    }

    @Override
    public void setNodeInfo(NodeInfo own, Completable<Void> done) {
        endpoints.isAt(own);
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
        endpoints.forget(event.getMember());
        PartitionTables.forget(getHazelcastInstance(), event.getMember());
    }

    @Override
    public void stateChanged(LifecycleEvent event) {
        if (event.getState() == LifecycleState.MERGED) {
            listeners.membersChanged();
        }
    }

    Member self() {
        return getHazelcastInstance().getCluster().getLocalMember();
    }

    /** None once this node has left. */
    private Set<Member> members() {
        try {
            return getHazelcastInstance().getCluster().getMembers();
        } catch (HazelcastInstanceNotActiveException left) {
            return Set.of();
        }
    }
}

package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import io.vertx.core.Completable;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.core.spi.cluster.RegistrationListener;
import io.vertx.core.spi.cluster.RegistrationUpdateEvent;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster manager that waits for a data member before it writes data, and reports when the last data member has left,
 * because this node's registrations are then lost. Both concern lite members only; other members hold data themselves.
 * It also registers a member again that was removed by mistake, lets messages find their way while another member
 * does not answer, and leaves within a bound.
 */
final class PatientClusterManager extends HazelcastClusterManager {

    private static final Logger log = LoggerFactory.getLogger(PatientClusterManager.class);
    private static final long LOOK_MS = 250;
    private static final String NODE_ID = "__vertx.nodeId";
    /** Longer than a share of the data takes to hand over, see {@link HazelcastConfigs}. */
    private static final long LEAVE_MS = 12_000;

    private final Runnable dataLost;
    private final Registrations registrations = new Registrations(this);
    private final LookupCache<List<RegistrationInfo>> listeners = new LookupCache<>();
    private final LookupCache<NodeInfo> nodes = new LookupCache<>();
    private Vertx vertx;
    private RegistrationListener bus;
    private boolean lost;
    private volatile boolean leaving;

    PatientClusterManager(Config config, Runnable dataLost) {
        super(config);
        this.dataLost = dataLost;
    }

    @Override
    public void init(Vertx vertx) {
        super.init(vertx);
        this.vertx = vertx;
    }

    @Override
    public void setNodeInfo(NodeInfo nodeInfo, Completable<Void> done) {
        if (hasDataMember()) {
            super.setNodeInfo(nodeInfo, done);
            return;
        }
        log.warn("Waiting for a data node of the cluster, such as a gateway");
        vertx.setPeriodic(LOOK_MS, timer -> {
            if (hasDataMember()) {
                vertx.cancelTimer(timer);
                super.setNodeInfo(nodeInfo, done);
            }
        });
    }

    @Override
    public void registrationListener(RegistrationListener listener) {
        bus = listener;
        super.registrationListener(listener);
    }

    @Override
    public void getNodeInfo(String nodeId, Completable<NodeInfo> done) {
        Promise<NodeInfo> asked = Promise.promise();
        super.getNodeInfo(nodeId, asked);
        nodes.answer(vertx, nodeId, asked.future(), done, late -> {});
    }

    @Override
    public void getRegistrations(String address, Completable<List<RegistrationInfo>> done) {
        Promise<List<RegistrationInfo>> asked = Promise.promise();
        super.getRegistrations(address, asked);
        listeners.answer(
                vertx,
                address,
                asked.future(),
                done,
                late -> bus.registrationsUpdated(new RegistrationUpdateEvent(address, late)));
    }

    @Override
    public void addRegistration(String address, RegistrationInfo listener, Completable<Void> done) {
        registrations.added(address, listener);
        super.addRegistration(address, listener, done);
    }

    @Override
    public void removeRegistration(String address, RegistrationInfo listener, Completable<Void> done) {
        registrations.removed(address, listener);
        super.removeRegistration(address, listener, done);
    }

    @Override
    public synchronized void memberRemoved(MembershipEvent event) {
        if (lost || leaving) {
            return;
        }
        if (!hasDataMember()) {
            lost = true;
            log.error("The last data node has left, and this node's registrations are lost");
            dataLost.run();
            return;
        }
        if (getNodes().contains(event.getMember().getAttribute(NODE_ID))) {
            return; // The member is back by now, and removing its entries would remove those of its present life.
        }
        super.memberRemoved(event);
    }

    /**
     * Hazelcast calls this under the lock that a shutdown needs. The work after a merge writes to the cluster's maps, and a write
     * to a member that has just left takes 20 seconds. So the work runs elsewhere.
     */
    @Override
    public void stateChanged(LifecycleEvent event) {
        if (event.getState() == LifecycleState.MERGED) {
            vertx.executeBlocking(
                            () -> {
                                if (!leaving) {
                                    super.stateChanged(event);
                                }
                                return null;
                            },
                            false)
                    .onFailure(problem ->
                            log.error("After a merge this node's registrations could not be written again", problem));
        }
    }

    /**
     * The work after a change of members writes to the cluster's maps and delays a leave, without a bound if another member does not
     * answer. After a while this ends the instance, which ends such writes. The other members have copies of its data.
     */
    @Override
    public void leave(Completable<Void> done) {
        leaving = true;
        registrations.end();
        long patience = vertx.setTimer(
                LEAVE_MS,
                late -> vertx.executeBlocking(
                        () -> {
                            log.warn("The cluster did not let this node leave in time; it leaves without a goodbye");
                            getHazelcastInstance().getLifecycleService().terminate();
                            return null;
                        },
                        false));
        super.leave((left, problem) -> {
            vertx.cancelTimer(patience);
            boolean runs = getHazelcastInstance() != null
                    && getHazelcastInstance().getLifecycleService().isRunning();
            done.complete(null, runs ? problem : null);
        });
    }

    /** Call it once the node has joined. */
    void watchRegistrations() {
        registrations.watch(vertx);
    }

    /** The address at which other nodes can join this member. */
    Member self() {
        return getHazelcastInstance().getCluster().getLocalMember();
    }

    private boolean hasDataMember() {
        return getHazelcastInstance().getCluster().getMembers().stream().anyMatch(member -> !member.isLiteMember());
    }
}

package dev.weir.runtime.cluster;

import com.hazelcast.cluster.Member;
import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.config.Config;
import io.vertx.core.Completable;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.NodeInfo;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster manager that waits for a member that holds data before it writes any, and says when the last such member has
 * left: what this node had registered is lost then. Both concern lite members only; others hold data themselves. And it sees to
 * it that a member which was taken for lost and came back is known again.
 */
final class PatientClusterManager extends HazelcastClusterManager {

    private static final Logger log = LoggerFactory.getLogger(PatientClusterManager.class);
    private static final long LOOK_MS = 250;
    private static final String NODE_ID = "__vertx.nodeId";

    private final Runnable dataLost;
    private final Registrations registrations = new Registrations(this);
    private Vertx vertx;
    private boolean lost;

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
        log.warn("Waiting for a node that holds the cluster's data, such as a gateway");
        vertx.setPeriodic(LOOK_MS, timer -> {
            if (hasDataMember()) {
                vertx.cancelTimer(timer);
                super.setNodeInfo(nodeInfo, done);
            }
        });
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
        if (lost) {
            return;
        }
        if (!hasDataMember()) {
            lost = true;
            log.error("The last node that held the cluster's data has left, and with it what this node had registered");
            dataLost.run();
            return;
        }
        if (getNodes().contains(event.getMember().getAttribute(NODE_ID))) {
            return; // It is back by now, and what would be taken away is its present life's.
        }
        super.memberRemoved(event);
    }

    /** To be called once it has joined. */
    void watchRegistrations() {
        registrations.watch(vertx);
    }

    /** Where this member is reached, for others to join. */
    Member self() {
        return getHazelcastInstance().getCluster().getLocalMember();
    }

    private boolean hasDataMember() {
        return getHazelcastInstance().getCluster().getMembers().stream().anyMatch(member -> !member.isLiteMember());
    }
}

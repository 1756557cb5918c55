package dev.weir.runtime.cluster;

import com.hazelcast.core.HazelcastInstance;
import io.vertx.core.Completable;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import io.vertx.spi.cluster.hazelcast.impl.HazelcastRegistrationInfo;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's entries in the cluster: where it is reached, and at which addresses it listens. They are checked once a
 * second and written again if they are missing. Members that consider this node dead remove its entries, some of them
 * when it has long been back, and then nobody would send it anything. Any thread.
 */
final class Registrations {

    /** Vert.x's map from node names to their addresses. */
    static final String NODES = "__vertx.nodeInfo";

    /** Vert.x's map from bus addresses to listeners. */
    static final String LISTENERS = "__vertx.subs";

    private static final Logger log = LoggerFactory.getLogger(Registrations.class);
    private static final long LOOK_MS = 1000;

    private record Registration(String address, RegistrationInfo listener) {

        boolean isKnownTo(HazelcastInstance hazelcast) {
            return hazelcast.getMultiMap(LISTENERS).containsEntry(address, new HazelcastRegistrationInfo(listener));
        }
    }

    private final HazelcastClusterManager manager;
    private final Set<Registration> own = ConcurrentHashMap.newKeySet();
    /** Unanswered requests. A partition that does not answer delays no other. */
    private final Set<Object> asked = ConcurrentHashMap.newKeySet();

    private volatile boolean ended;

    Registrations(HazelcastClusterManager manager) {
        this.manager = manager;
    }

    void added(String address, RegistrationInfo listener) {
        if (!listener.localOnly()) {
            own.add(new Registration(address, listener));
        }
    }

    /** Nothing is written any more: the node is leaving. */
    void end() {
        ended = true;
    }

    void removed(String address, RegistrationInfo listener) {
        own.remove(new Registration(address, listener));
    }

    /** Call it once the node is in the cluster and known there. */
    void watch(Vertx vertx) {
        vertx.setPeriodic(LOOK_MS, timer -> look(vertx, manager.getHazelcastInstance()));
    }

    private void look(Vertx vertx, HazelcastInstance hazelcast) {
        if (ended) {
            return;
        }
        String self = manager.getNodeId();
        check(
                vertx,
                self,
                () -> hazelcast.getMap(NODES).containsKey(self),
                told -> manager.setNodeInfo(manager.getNodeInfo(), told));
        for (Registration registration : own) {
            check(
                    vertx,
                    registration,
                    () -> registration.isKnownTo(hazelcast) || !own.contains(registration),
                    told -> manager.addRegistration(registration.address(), registration.listener(), told));
        }
    }

    private void check(Vertx vertx, Object what, Callable<Boolean> isKnown, Consumer<Completable<Void>> tell) {
        if (asked.add(what)) {
            vertx.executeBlocking(isKnown, false)
                    .compose(known -> known ? Future.<Void>succeededFuture() : tellAgain(vertx, what, tell))
                    .onComplete(done -> asked.remove(what));
        }
    }

    /** Not on an event loop: the manager holds its lock while it waits for the cluster's data. */
    private static Future<Void> tellAgain(Vertx vertx, Object what, Consumer<Completable<Void>> tell) {
        log.info("Other nodes had removed this node's entry, so it was registered again: {}", what);
        Promise<Void> told = Promise.promise();
        return vertx.executeBlocking(
                        () -> {
                            tell.accept(told);
                            return null;
                        },
                        false)
                .compose(asked -> told.future());
    }
}

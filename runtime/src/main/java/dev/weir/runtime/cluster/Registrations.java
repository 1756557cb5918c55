package dev.weir.runtime.cluster;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.multimap.MultiMap;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import io.vertx.spi.cluster.hazelcast.impl.HazelcastRegistrationInfo;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's entries in the cluster: where it is reached, and at which addresses it listens. Once a second each is written if it is
 * missing. Members that consider this node dead remove its entries, some of them when it has long been back, and then nobody would
 * send it anything. Any thread.
 */
final class Registrations {

    /** Vert.x's map from node names to their addresses. */
    static final String NODES = "__vertx.nodeInfo";

    /** Vert.x's map from bus addresses to listeners. */
    static final String LISTENERS = "__vertx.subs";

    private static final Logger log = LoggerFactory.getLogger(Registrations.class);
    private static final long LOOK_MS = 1000;

    private record Registration(String address, RegistrationInfo listener) {}

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

    /** Nothing more is begun: the node is leaving. */
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
        keep(vertx, manager.getNodeId(), () -> writeNode(hazelcast));
        for (Registration registration : own) {
            keep(vertx, registration, () -> {
                write(registration, hazelcast.getMultiMap(LISTENERS));
                return Future.succeededFuture();
            });
        }
    }

    /** Not on an event loop: the work waits for the cluster's data. */
    private void keep(Vertx vertx, Object what, Callable<Future<Void>> write) {
        if (asked.add(what)) {
            vertx.executeBlocking(write, false).compose(written -> written).onComplete(done -> asked.remove(what));
        }
    }

    private Future<Void> writeNode(HazelcastInstance hazelcast) {
        Promise<Void> written = Promise.promise();
        if (hazelcast.getMap(NODES).containsKey(manager.getNodeId())) {
            written.complete();
        } else {
            logMissing(manager.getNodeId());
            manager.setNodeInfo(manager.getNodeInfo(), written);
        }
        return written.future();
    }

    /** Writes without asking first: Hazelcast asks all partitions whether there is an entry, and changes nothing if there is. */
    private void write(Registration registration, MultiMap<String, HazelcastRegistrationInfo> listeners) {
        if (ended || !own.contains(registration)) {
            return;
        }
        var listener = new HazelcastRegistrationInfo(registration.listener);
        try {
            if (listeners.put(registration.address, listener)) {
                logMissing(registration);
            }
        } finally {
            // It may have ended meanwhile, even before the entry was written.
            if (!own.contains(registration)) {
                listeners.remove(registration.address, listener);
            }
        }
    }

    private static void logMissing(Object what) {
        log.info("Other nodes had removed this node's entry, so it was registered again: {}", what);
    }
}

package dev.weir.runtime;

import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.ops.Health;
import dev.weir.runtime.route.Dispatcher;
import dev.weir.runtime.route.NodeDirectory;
import dev.weir.runtime.route.OfferDispatcher;
import dev.weir.runtime.route.StatusDirectory;
import dev.weir.runtime.trace.TracedDispatcher;
import dev.weir.runtime.trace.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/**
 * What a role finds on its node. Its parts may be used from any thread.
 *
 * @param nodeId unique in the cluster, part of bus addresses
 * @param courier sends parcels and opens inboxes; the only way onto the bus
 * @param memory what the nodes of the cluster remember together
 * @param tracing begins spans, which do nothing where it is off
 * @param health where a role reports itself, to be seen by health checks and drained at the end
 */
public record NodeContext(
        Vertx vertx,
        String nodeId,
        Courier courier,
        NodeDirectory directory,
        Dispatcher dispatcher,
        ClusterMemory memory,
        Health health,
        MeterRegistry metrics,
        Tracing tracing) {

    /** Brings up what all roles share, with a health and a memory of its own. */
    public static Future<NodeContext> create(
            Vertx vertx, String nodeId, NodeConfig.Limits limits, MeterRegistry metrics) {
        return create(vertx, nodeId, limits, metrics, Tracing.off());
    }

    /** Brings up what all roles share, with a health and a memory of its own, and traces. */
    public static Future<NodeContext> create(
            Vertx vertx, String nodeId, NodeConfig.Limits limits, MeterRegistry metrics, Tracing tracing) {
        return create(vertx, nodeId, limits, new LocalMemory(vertx), new Health(limits.stallLimit()), metrics, tracing);
    }

    /** Brings up what all roles share on a Vertx of one process or of a cluster. Done when nodes can find each other. */
    static Future<NodeContext> create(
            Vertx vertx,
            String nodeId,
            NodeConfig.Limits limits,
            ClusterMemory memory,
            Health health,
            MeterRegistry metrics,
            Tracing tracing) {
        Courier courier = new Courier(vertx, metrics);
        StatusDirectory directory = new StatusDirectory(vertx, memory::isMember);
        OfferDispatcher dispatcher = new OfferDispatcher(vertx, courier, directory, metrics, limits.patience());
        return dispatcher
                .start()
                .compose(v -> directory.start(courier))
                .map(v -> new NodeContext(
                        vertx,
                        nodeId,
                        courier,
                        directory,
                        new TracedDispatcher(dispatcher, tracing),
                        memory,
                        health,
                        metrics,
                        tracing));
    }
}

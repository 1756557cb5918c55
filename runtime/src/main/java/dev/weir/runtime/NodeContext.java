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
 * What a node provides to its roles. All parts may be used from any thread.
 *
 * @param vertx for verticles only; null in simulations, which run none
 * @param nodeId unique in the cluster, part of bus addresses
 * @param courier sends parcels and opens inboxes; the only access to the bus
 * @param memory the memory that the nodes of the cluster share
 * @param tracing starts spans, which do nothing if tracing is off
 * @param health where roles register for health checks and drains
 * @param loop time, timers and random numbers of everything that is no verticle
 * @param unit which of the process's devices a stage computes on: its position in {@code --device}, from 0
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
        Tracing tracing,
        Loop loop,
        int unit) {

    /** A node of one device whose loop is that of its Vertx. */
    public NodeContext(
            Vertx vertx,
            String nodeId,
            Courier courier,
            NodeDirectory directory,
            Dispatcher dispatcher,
            ClusterMemory memory,
            Health health,
            MeterRegistry metrics,
            Tracing tracing) {
        this(vertx, nodeId, courier, directory, dispatcher, memory, health, metrics, tracing, Loop.of(vertx), 0);
    }

    /** The same node, for a role with another memory. */
    public NodeContext with(ClusterMemory newMemory) {
        return new NodeContext(
                vertx, nodeId, courier, directory, dispatcher, newMemory, health, metrics, tracing, loop, unit);
    }

    /** The same node for a stage on another device of the process. To others, it is a node of its own, with its own lease. */
    public NodeContext ofUnit(int newUnit) {
        return new NodeContext(
                vertx,
                newUnit == 0 ? nodeId : nodeId + "-" + newUnit,
                courier,
                directory,
                dispatcher,
                memory,
                health,
                metrics,
                tracing,
                loop,
                newUnit);
    }

    /** Creates the shared parts, with a health and a memory of its own. */
    public static Future<NodeContext> create(
            Vertx vertx, String nodeId, NodeConfig.Limits limits, MeterRegistry metrics) {
        return create(vertx, nodeId, limits, metrics, Tracing.off());
    }

    /** Creates the shared parts, with a health and a memory of its own, and traces. */
    public static Future<NodeContext> create(
            Vertx vertx, String nodeId, NodeConfig.Limits limits, MeterRegistry metrics, Tracing tracing) {
        return create(vertx, nodeId, limits, new LocalMemory(vertx), new Health(limits.stallLimit()), metrics, tracing);
    }

    /** Creates the shared parts on a Vertx of one process or of a cluster. Completes when nodes can find each other. */
    static Future<NodeContext> create(
            Vertx vertx,
            String nodeId,
            NodeConfig.Limits limits,
            ClusterMemory memory,
            Health health,
            MeterRegistry metrics,
            Tracing tracing) {
        Courier courier = Courier.of(vertx, metrics);
        Loop loop = Loop.of(vertx);
        StatusDirectory directory = new StatusDirectory(loop, memory::isMember);
        OfferDispatcher dispatcher = new OfferDispatcher(loop, courier, directory, metrics, limits.patience());
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
                        tracing,
                        loop,
                        0));
    }
}

package dev.weir.runtime;

import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.ops.Health;
import dev.weir.runtime.route.Dispatcher;
import dev.weir.runtime.route.NodeDirectory;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;

/**
 * What a role finds on its node. Its parts may be used from any thread.
 *
 * @param nodeId unique in the cluster, part of bus addresses
 * @param courier sends parcels and opens inboxes; the only way onto the bus
 * @param health where a role reports itself, to be seen by health checks and drained at the end
 */
public record NodeContext(
        Vertx vertx,
        String nodeId,
        Courier courier,
        NodeDirectory directory,
        Dispatcher dispatcher,
        Health health,
        MeterRegistry metrics) {}

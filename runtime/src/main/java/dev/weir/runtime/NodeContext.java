package dev.weir.runtime;

import dev.weir.runtime.route.Dispatcher;
import dev.weir.runtime.route.NodeDirectory;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;

/**
 * What a role finds on its node.
 *
 * @param nodeId unique in the cluster, part of bus addresses
 */
public record NodeContext(
        Vertx vertx, String nodeId, NodeDirectory directory, Dispatcher dispatcher, MeterRegistry metrics) {}

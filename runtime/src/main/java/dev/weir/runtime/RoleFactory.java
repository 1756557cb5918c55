package dev.weir.runtime;

import io.vertx.core.Deployable;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;

/** Creates the verticle of a role. The code that starts a node knows the services; the runtime does not. */
@FunctionalInterface
public interface RoleFactory {

    /** Called once, before anything else, with the node's id. */
    default void named(String nodeId) {}

    /**
     * What requests for the metrics of a node without a gateway pass. Called on the event loop of the server.
     *
     * @param vertx for what the handler does beside requests
     */
    default Handler<RoutingContext> metricsGuard(Vertx vertx) {
        return RoutingContext::next;
    }

    /** Creates a new instance, which the node deploys. */
    Deployable create(Role role, NodeContext context);
}

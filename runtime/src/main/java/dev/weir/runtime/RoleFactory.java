package dev.weir.runtime;

import io.vertx.core.Deployable;

/** Creates the verticle of a role. The code that starts a node knows the services; the runtime does not. */
@FunctionalInterface
public interface RoleFactory {

    /** Called once, before anything else, with the node's id. */
    default void named(String nodeId) {}

    /** Creates a new instance, which the node deploys. */
    Deployable create(Role role, NodeContext context);
}

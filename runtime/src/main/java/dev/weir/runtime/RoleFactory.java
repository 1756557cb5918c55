package dev.weir.runtime;

import io.vertx.core.Deployable;

/** Makes the verticle of a role; who starts a node knows the services, the runtime does not. */
@FunctionalInterface
public interface RoleFactory {

    /** Told once, before anything else, what the node will be known as. */
    default void named(String nodeId) {}

    /** A new instance, which the node deploys. */
    Deployable create(Role role, NodeContext context);
}

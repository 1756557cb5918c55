package dev.weir.runtime.bus;

import io.vertx.core.Future;

/** One address that this node listens at. */
public interface Inbox {

    /** Completes when no more messages will arrive. */
    Future<Void> close();
}

package dev.weir.gateway.ledger;

import io.vertx.core.Future;
import java.util.function.Supplier;

/** Reads from the cluster's memory, which may not answer in time after the loss of a node. Event loop of the gateway. */
final class Retry {

    private static final int TRIES = 3;

    private Retry() {}

    /** The first answer; the last problem if there is none. */
    static <T> Future<T> of(Supplier<Future<T>> read) {
        return of(read, TRIES);
    }

    private static <T> Future<T> of(Supplier<Future<T>> read, int tries) {
        return read.get().recover(problem -> tries > 1 ? of(read, tries - 1) : Future.failedFuture(problem));
    }
}

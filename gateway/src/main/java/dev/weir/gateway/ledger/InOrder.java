package dev.weir.gateway.ledger;

import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Work on what belongs to one job, one after another, so that a deletion follows the writes before it. Event loop of the gateway. */
final class InOrder {

    /** The last work of each job that is not done. */
    private final Map<String, Future<?>> last = new HashMap<>();

    /** Completes when everything that was asked for so far has ended, in whichever way. */
    Future<Void> settled() {
        return Future.join(List.copyOf(last.values())).transform(ended -> Future.succeededFuture());
    }

    /** Starts the work when what was asked for the job before has ended, in whichever way. */
    <T> Future<T> of(String job, Supplier<Future<T>> work) {
        Future<?> before = last.getOrDefault(job, Future.succeededFuture());
        Future<T> done = before.transform(ended -> work.get());
        last.put(job, done);
        return done.onComplete(ended -> last.remove(job, done));
    }
}

package dev.weir.gateway.job;

import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.Future;

/** Receives the events of a job, in order, on the event loop of its owner. */
public interface JobWatcher {

    void on(JobEvent event);

    /** A sample has a new checkpoint, from which any node can continue. */
    default void reached(int sample, Snapshot checkpoint) {}

    /** A sample was lost or failed once more. Called before the consequences are reported. */
    default void struck(int sample, Strikes strikes) {}

    /**
     * A stage knows attempts of this epoch, or of another owner. Completes with a later epoch if the job still belongs to
     * its owner. Otherwise the owner lets the job go, and this fails. Without a ledger there is no other owner.
     */
    default Future<Long> raiseEpoch(long above) {
        return Future.succeededFuture(above + 1);
    }

    /** Work of a later owner was met. The owner finds out whether it still owns the job. */
    default void doubted() {}
}

package dev.weir.gateway.job;

import dev.weir.runtime.stage.Snapshot;

/** Receives the events of a job, in order, on the event loop of its owner. */
public interface JobWatcher {

    void on(JobEvent event);

    /** A sample has a new checkpoint, from which any node can continue. */
    default void reached(int sample, Snapshot checkpoint) {}

    /** A sample was lost or failed once more. Called before the consequences are reported. */
    default void struck(int sample, Strikes strikes) {}
}

package dev.weir.gateway.job;

import dev.weir.runtime.stage.Snapshot;

/** Who is told what becomes of a job, in order, on the event loop of its owner. */
public interface JobWatcher {

    void on(JobEvent event);

    /** A sample could go on from here on any node, and from no further checkpoint yet. */
    default void reached(int sample, Snapshot checkpoint) {}

    /** A sample was lost or failed once more; told before what becomes of it. */
    default void struck(int sample, Strikes strikes) {}
}

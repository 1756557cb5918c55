package dev.weir.runtime.ops;

import io.vertx.core.Future;
import java.time.Duration;

/** A part of a node that reports its own health and is drained in order. All methods may be called from any thread. */
public interface Component {

    /** The name in health reports: {@code denoiser}, {@code gateway}. */
    String name();

    /** Whether it can accept new work. */
    boolean ready();

    /** Milliseconds since it last made progress while it had work; 0 if all is well. */
    long stalledMs();

    /** For how long it may have work without progress. @param usual of components that know nothing better */
    default Duration stallLimit(Duration usual) {
        return usual;
    }

    /**
     * Components of a lower order are drained before those of a higher order: owners of jobs (0) need the stages (1).
     */
    default int drainOrder() {
        return 1;
    }

    /** Accepts nothing new, finishes what it holds, and hands back the rest at the deadline. */
    Future<Void> drain(Duration deadline);
}

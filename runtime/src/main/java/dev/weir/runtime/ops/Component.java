package dev.weir.runtime.ops;

import io.vertx.core.Future;
import java.time.Duration;

/** A part of a node that has a health of its own and wants to end in order. All methods from any thread. */
public interface Component {

    /** As health reports name it: {@code denoiser}, {@code gateway}. */
    String name();

    /** Whether it can take new work. */
    boolean ready();

    /** Milliseconds since it last made progress while it had work; 0 when all is well. */
    long stalledMs();

    /** Components of a lower order are drained before those of a higher one begin: owners of jobs (0) need the stages (1). */
    default int drainOrder() {
        return 1;
    }

    /** Takes nothing new, ends what it holds, and hands back at the deadline what is left. */
    Future<Void> drain(Duration deadline);
}

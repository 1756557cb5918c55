package dev.weir.runtime;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/**
 * Time, timers and random numbers of a node. The code of the job protocol takes them from here only, so that a
 * simulation can run it on a virtual clock and repeat it from a seed. Timers run on the event loop that set them.
 */
public interface Loop {

    /** The loop of a node in production. */
    static Loop of(Vertx vertx) {
        return new VertxLoop(vertx);
    }

    /** Wall clock time, which all nodes share. */
    long nowMs();

    /** A clock that only rises, for durations. */
    long nanos();

    /** Runs an action once. @return the timer, for {@link #cancel} */
    long after(long ms, Runnable action);

    /** Completes after a while. */
    default Future<Void> pause(long ms) {
        Promise<Void> over = Promise.promise();
        after(ms, over::complete);
        return over.future();
    }

    /** Completes when the work has ended, in whichever way, or after a while. */
    default Future<Void> await(Future<?> work, Duration longest) {
        Promise<Void> over = Promise.promise();
        long timer = after(longest.toMillis(), over::tryComplete);
        work.onComplete(ended -> {
            cancel(timer);
            over.tryComplete();
        });
        return over.future();
    }

    /** Runs an action again and again, for the first time after one period. */
    void every(long ms, Runnable action);

    /** Stops a timer, if it has not run yet. */
    void cancel(long timer);

    /** The calling event loop. It runs an action after the current one, never within it. */
    Executor here();

    /** For use at once, by the calling thread. */
    RandomGenerator random();
}

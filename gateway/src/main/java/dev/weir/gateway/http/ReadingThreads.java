package dev.weir.gateway.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.concurrent.Callable;

/**
 * Reads large requests beside the event loop: JSON of megabytes, base64, image files. Its threads are few, so requests wait for
 * each other here and for nothing else. What waits is bounded by the memory for large bodies.
 */
public final class ReadingThreads {

    /** The threads' name; a process has them once. */
    public static final String NAME = "weir-request-reader";

    public static final int THREADS = 2;

    private final WorkerExecutor workers;

    public ReadingThreads(Vertx vertx) {
        this.workers = vertx.createSharedWorkerExecutor(NAME, THREADS);
    }

    /** Completes on the caller's event loop. */
    public <T> Future<T> read(Callable<T> reading) {
        return workers.executeBlocking(reading, false);
    }
}

package dev.weir.runtime;

import io.vertx.core.Future;
import java.util.concurrent.TimeUnit;

/** Futures for a test's thread. */
public final class Futures {

    private Futures() {}

    public static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    /** What it failed with. */
    public static Throwable failure(Future<?> future) throws Exception {
        return get(future.transform(result -> Future.succeededFuture(result.cause())));
    }
}

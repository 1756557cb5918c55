package dev.weir.engine.onnx;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Runs a call on a thread of its own with a large stack. ONNX Runtime looks for devices with regular expressions that recurse
 * once a character, which overflows the megabyte of a Java thread; the JVM then dies without a message. Each of these threads has
 * another name, and the threads that it starts inherit the name: {@link Workers} finds them by it.
 */
final class RoomyThread {

    private static final long STACK_BYTES = 64 << 20;
    /** Linux keeps fifteen letters of a name. */
    private static final String NAME = "weir-onnx-";

    private static final AtomicInteger STARTED = new AtomicInteger();

    private RoomyThread() {}

    static <T> T call(Supplier<T> work) {
        var result = new CompletableFuture<T>();
        var name = NAME + STARTED.incrementAndGet();
        var thread = new Thread(null, () -> result.completeAsync(work, Runnable::run), name, STACK_BYTES);
        thread.start();
        try {
            return result.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }
}

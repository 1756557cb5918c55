package dev.weir.engine.onnx;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * Runs a call on a thread of its own with a large stack. ONNX Runtime looks for devices with regular expressions that recurse
 * once a character, which overflows the megabyte of a Java thread; the JVM then dies without a message.
 */
final class RoomyThread {

    private static final long STACK_BYTES = 64 << 20;

    private RoomyThread() {}

    static <T> T call(Supplier<T> work) {
        var result = new CompletableFuture<T>();
        var thread = new Thread(
                null, () -> result.completeAsync(work, Runnable::run), "weir-onnxruntime-start", STACK_BYTES);
        thread.start();
        try {
            return result.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }
}

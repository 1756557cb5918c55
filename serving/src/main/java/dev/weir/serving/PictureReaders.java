package dev.weir.serving;

import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Stage.Admission;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The threads of a stage that read and resize the pictures of requests, so that its device thread does not wait for them. Each thread
 * holds one decoded file at a time. What waits for a thread is bounded by the stage's credits. Any thread may call it.
 */
public final class PictureReaders implements AutoCloseable {

    private static final int THREADS = 2;

    private final ExecutorService threads;
    private volatile boolean isClosing;

    public PictureReaders(StageKind stage) {
        threads = PictureThreads.start("weir-%s-pictures".formatted(Addresses.name(stage)), THREADS);
    }

    /**
     * The admission of work whose pictures are read first. A problem with them is thrown to the admission, which reports it with its
     * sample. Nothing is read if the result is cancelled, or the stage closed, before its turn.
     */
    public <T> CompletableFuture<Admission> admission(Supplier<T> reading, Function<Supplier<T>, Admission> admission) {
        return CompletableFuture.supplyAsync(
                () -> {
                    if (isClosing) {
                        throw new CancellationException("the stage is closed");
                    }
                    return admission.apply(read(reading));
                },
                threads);
    }

    private static <T> Supplier<T> read(Supplier<T> reading) {
        try {
            T read = reading.get();
            return () -> read;
        } catch (RuntimeException problem) {
            return () -> {
                throw problem;
            };
        }
    }

    /** Runs work that reads a picture and reports its own problems. */
    public void execute(Runnable work) {
        threads.execute(work);
    }

    /** Waits for what {@link #execute} was given: its samples end there. */
    @Override
    public void close() {
        isClosing = true;
        PictureThreads.end(threads);
    }
}

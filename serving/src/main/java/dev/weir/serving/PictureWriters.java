package dev.weir.serving;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;

/**
 * The threads that write decoded pictures as files, so that the device thread goes on with the next forward pass. What is written for
 * one sample is written in order. Few decoded pictures wait at once: where writing is slower than decoding, the device thread waits for
 * it. A picture whose sample was dropped meanwhile is still written, and the stage node ignores it.
 */
public final class PictureWriters implements AutoCloseable {

    private static final int THREADS = 2;
    /** Decoded pictures that are being written or wait for it. */
    static final int MOST = 4;

    private final List<ExecutorService> threads = Stream.generate(() -> PictureThreads.start("weir-decoder-files", 1))
            .limit(THREADS)
            .toList();
    private final Semaphore room = new Semaphore(MOST);

    /**
     * Waits for room, then returns.
     *
     * @param sample whose pictures are written in order
     * @param writing reports its own problems
     */
    public void write(Object sample, Runnable writing) {
        room.acquireUninterruptibly();
        threads.get(Math.floorMod(sample.hashCode(), THREADS)).execute(() -> {
            try {
                writing.run();
            } finally {
                room.release();
            }
        });
    }

    @Override
    public void close() {
        threads.forEach(PictureThreads::end);
    }
}

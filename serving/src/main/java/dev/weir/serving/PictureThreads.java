package dev.weir.serving;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Threads that read or write pictures beside a device thread. Stateless. */
final class PictureThreads {

    /** A picture of many pixels is put back, or written, within a second. */
    private static final long END_SECONDS = 5;

    private PictureThreads() {}

    static ExecutorService start(String name, int count) {
        return Executors.newFixedThreadPool(count, run -> {
            Thread thread = new Thread(run, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Waits some seconds for what was begun, because samples end on these threads. */
    static void end(ExecutorService threads) {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}

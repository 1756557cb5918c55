package dev.weir.cli;

import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for LoRAs, ControlNets, embeddings and IP-Adapters that come and go, on a thread of its own. */
final class AddOnWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AddOnWatch.class);

    /** A file that somebody copies is opened when it was the same in two polls. */
    private static final long POLL_MS = 2000;
    /** Between two polls at once, when work could not use a file. */
    private static final long AGAIN_MS = 200;

    private final BooleanSupplier folders;
    private final Runnable listener;
    private final long pollMs;
    /** Whether a poll failed, which may have changed something before. */
    private boolean hasFailed;

    private final AtomicBoolean looks = new AtomicBoolean();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread own = new Thread(work, "weir-add-ons");
        own.setDaemon(true);
        return own;
    });

    /**
     * @param folders looks into them, and says whether models have other files than before
     * @param listener called after that
     */
    AddOnWatch(BooleanSupplier folders, Runnable listener) {
        this(folders, listener, POLL_MS);
    }

    AddOnWatch(BooleanSupplier folders, Runnable listener, long pollMs) {
        this.folders = folders;
        this.listener = listener;
        this.pollMs = pollMs;
    }

    void start() {
        thread.scheduleWithFixedDelay(this::poll, pollMs, pollMs, TimeUnit.MILLISECONDS);
    }

    /** Looks twice now, because work met a file that has changed. Does nothing while that is under way. Any thread. */
    void look() {
        if (looks.compareAndSet(false, true)) {
            try {
                thread.execute(this::poll);
                thread.schedule(this::lookAgain, AGAIN_MS, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                LOG.debug("the node ends", e);
            }
        }
    }

    private void lookAgain() {
        poll();
        looks.set(false);
    }

    /** A failure would end all later polls. An error may be one of a moment, such as a full heap. */
    private void poll() {
        try {
            if (folders.getAsBoolean() || hasFailed) {
                listener.run();
            }
            hasFailed = false;
        } catch (RuntimeException | Error e) {
            hasFailed = true;
            LOG.error("the folders of files beside the models could not be looked at", e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}

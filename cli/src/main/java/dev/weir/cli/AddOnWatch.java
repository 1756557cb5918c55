package dev.weir.cli;

import dev.weir.engine.AddOns;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks for LoRAs, ControlNets, embeddings and IP-Adapters that come and go, on a thread of its own. */
final class AddOnWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AddOnWatch.class);

    /** A file that somebody copies is opened when it was the same in two polls. */
    private static final long POLL_MS = 2000;
    /** Between two polls at once, when work could not use a file. */
    private static final long AGAIN_MS = 200;

    private final AddOns folders;
    private final Runnable listener;
    private final AtomicBoolean looks = new AtomicBoolean();
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread own = new Thread(work, "weir-add-ons");
        own.setDaemon(true);
        return own;
    });

    /** @param listener called after models have got other files */
    AddOnWatch(AddOns folders, Runnable listener) {
        this.folders = folders;
        this.listener = listener;
    }

    void start() {
        thread.scheduleWithFixedDelay(this::poll, POLL_MS, POLL_MS, TimeUnit.MILLISECONDS);
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

    /** An exception would end all later polls. */
    private void poll() {
        try {
            if (folders.poll()) {
                listener.run();
            }
        } catch (RuntimeException e) {
            LOG.warn("the folders of files beside the models could not be looked at", e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}

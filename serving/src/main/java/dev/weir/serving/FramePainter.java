package dev.weir.serving;

import dev.weir.engine.image.FramePreview;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes frames with the latent-to-RGB matrix on a separate thread, so that no step waits for one. Only the newest frame
 * of each sample waits, and the sample that has waited longest comes next. While samples wait for
 * the device, the painter uses at most {@value #SHARE_UNDER_LOAD} of the forward passes' time. Other frames are dropped.
 *
 * <p>The device thread offers frames and the painter's thread paints them. This object's lock protects everything
 * between them.
 */
final class FramePainter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FramePainter.class);
    private static final double SHARE_UNDER_LOAD = 0.01;
    /** How much unused time may be saved for later frames. */
    private static final long MOST_ALLOWED_NANOS = 20_000_000;

    /** @param original x0 of the step, in the shape of the sample's group */
    record Frame(HeldSample sample, FramePreview preview, float[] original, int step) {

        SampleKey key() {
            return sample.work().key();
        }
    }

    private final LongSupplier nanoClock;
    private final Map<SampleKey, Frame> waiting = new LinkedHashMap<>();
    private final Thread thread;
    private Outbox outbox;
    private long allowedNanos;
    private boolean isFull;
    private boolean closed;

    FramePainter(String name, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Offers a frame, to be painted if there is time. */
    synchronized void offer(Frame frame, Outbox to) {
        outbox = to;
        if (waiting.put(frame.key(), frame) != null) {
            to.frameDropped();
        }
        notifyAll();
    }

    /** A forward pass is done; {@code full} if samples waited that it had no room for. */
    synchronized void stepped(long nanos, boolean full) {
        isFull = full;
        allowedNanos = Math.min(MOST_ALLOWED_NANOS, allowedNanos + (long) (SHARE_UNDER_LOAD * nanos));
        notifyAll();
    }

    /** The sample has finished or was dropped. */
    synchronized void forget(SampleKey key) {
        if (waiting.remove(key) != null) {
            outbox.frameDropped();
        }
    }

    /** The number of waiting frames. */
    synchronized int waiting() {
        return waiting.size();
    }

    private void run() {
        try {
            while (true) {
                Frame frame = take();
                if (frame == null) {
                    return;
                }
                long begin = nanoClock.getAsLong();
                try {
                    paint(frame);
                } catch (RuntimeException problem) {
                    LOG.warn("a frame of {} cannot be made", frame.key(), problem);
                }
                spent(nanoClock.getAsLong() - begin);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized Frame take() throws InterruptedException {
        while (!closed && (waiting.isEmpty() || isFull && allowedNanos <= 0)) {
            wait();
        }
        if (closed) {
            return null;
        }
        Iterator<Frame> longest = waiting.values().iterator();
        Frame frame = longest.next();
        longest.remove();
        return frame;
    }

    private synchronized void spent(long nanos) {
        allowedNanos = Math.max(-MOST_ALLOWED_NANOS, allowedNanos - nanos);
    }

    private void paint(Frame frame) {
        HeldSample sample = frame.sample();
        var image = frame.preview()
                .image(sample.shape(), frame.original(), sample.part().scale());
        outbox.frame(sample.work(), frame.step(), sample.row().steps(), Pictures.frame(image));
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            waiting.clear();
            notifyAll();
        }
    }
}

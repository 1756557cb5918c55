package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Warning;
import java.util.List;
import java.util.function.Supplier;

/**
 * Where a stage puts its results. Calls come from the device thread, are cheap and never block: the event loop does the
 * sending. Each admitted work ends with exactly one of {@link #handOn}, {@link #finish}, {@link #fail}, unless it was
 * dropped.
 */
public interface Outbox {

    /** The device has started the work. */
    void started(Work work);

    /** It goes on, although none of its steps is done yet. Its owner does not take its silence for a loss then. */
    default void goesOn(Work work) {}

    /** A step was done; {@code step} counts from 1. */
    void progress(Work work, int step, int total, double stepSeconds);

    /**
     * The numbers of inputs in this turn whose results were remembered, and of those whose were not, for the metrics.
     */
    default void lookedUp(int hits, int misses) {}

    /** A forward pass is done. Its results are reported next. For metrics and traces. */
    default void forward(Forward forward) {}

    /** The predicted clean latent of a step, to be decoded as a frame. Dropped if no decoder has room. */
    void previewLatent(Work work, int step, int total, Tensor latent);

    /** An encoded frame of the emerging image. Any thread. */
    void frame(Work work, int step, int total, EncodedImage image);

    /** There was no time to make a frame. Any thread. */
    default void frameDropped() {}

    /**
     * The sample's current state, from which another node can continue. Its owner keeps it, if it has one.
     *
     * @param snapshot called later, on another thread: the state must not change any more
     */
    default void checkpoint(Work work, Supplier<Snapshot> snapshot) {}

    /** Sends a warning for the user to the owner of the job. */
    default void warn(Work work, Warning warning) {}

    /** This stage is done. Its tensors go to the next stage on the route. */
    void handOn(Work work, List<Tensor> tensors);

    /** The image is done. Any thread. */
    void finish(Work work, EncodedImage image);

    /** Any thread. */
    void fail(Work work, Failure failure);

    /**
     * @param format {@code png}, {@code jpeg} or {@code webp}
     * @param flagged whether the model's safety checker found something in it
     */
    record EncodedImage(String format, int width, int height, byte[] bytes, boolean flagged) {

        public EncodedImage(String format, int width, int height, byte[] bytes) {
            this(format, width, height, bytes, false);
        }

        public EncodedImage flagged(boolean newFlagged) {
            return new EncodedImage(format, width, height, bytes, newFlagged);
        }

        /** The image as an event carries it. */
        List<Tensor> tensors() {
            return List.of(Tensor.ofBytes("image", bytes));
        }
    }
}

package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Warning;
import java.util.List;
import java.util.function.Supplier;

/**
 * Where a stage puts what it made. Calls are cheap, come from the device thread, and never block: sending happens on the
 * event loop. Each admitted work ends with exactly one of {@link #handOn}, {@link #finish}, {@link #fail}, unless it was dropped.
 */
public interface Outbox {

    /** The device began with it. */
    void started(Work work);

    /** A step was done; {@code step} counts from 1. */
    void progress(Work work, int step, int total, double stepSeconds);

    /** Inputs of this turn whose results were remembered, and those that were not: for the meters, where there are any. */
    default void lookedUp(int hits, int misses) {}

    /** A forward was done, of which results are told next: for meters and traces, where there are any. */
    default void forward(Forward forward) {}

    /** The predicted clean latent of a step, to be decoded for who watches. Dropped when no decoder has room for it. */
    void previewLatent(Work work, int step, int total, Tensor latent);

    /** A frame of the emerging picture, encoded. Any thread. */
    void frame(Work work, int step, int total, EncodedImage image);

    /** There was no time to make a frame. Any thread. */
    default void frameDropped() {}

    /**
     * Where the sample stands at this moment, for another node to go on from. For its owner to keep, where it has one.
     *
     * @param snapshot called later, on another thread: what the state is made of must not change any more
     */
    default void checkpoint(Work work, Supplier<Snapshot> snapshot) {}

    /** Tells the owner of the job what the user should know. */
    default void warn(Work work, Warning warning) {}

    /** This stage is done; its tensors go to the next on the route. */
    void handOn(Work work, List<Tensor> tensors);

    /** The picture is done. */
    void finish(Work work, EncodedImage image);

    void fail(Work work, Failure failure);

    /** @param format {@code png} or {@code jpeg} */
    record EncodedImage(String format, int width, int height, byte[] bytes) {}
}

package dev.weir.bench.batching;

import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Forward;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;

/** Records the times of each request's events, in seconds of one run. */
final class Recorder implements Outbox {

    final Map<SampleKey, Double> firstSteps = new HashMap<>();
    final Map<SampleKey, Double> firstPreviews = new ConcurrentHashMap<>();
    final AtomicInteger frames = new AtomicInteger();
    final Map<SampleKey, Double> finished = new HashMap<>();
    final List<Forward> forwards = new ArrayList<>();
    final List<Double> forwardEnds = new ArrayList<>();
    /** The batch of a request, if batches are fixed at their start. */
    final Map<SampleKey, Integer> batches = new HashMap<>();

    private final DoubleSupplier clock;

    Recorder(DoubleSupplier clock) {
        this.clock = clock;
    }

    @Override
    public void started(Work work) {
        batches.put(work.key(), forwards.size());
    }

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {
        firstSteps.putIfAbsent(work.key(), clock.getAsDouble());
    }

    @Override
    public void forward(Forward forward) {
        forwards.add(forward);
        forwardEnds.add(clock.getAsDouble());
    }

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {
        firstPreviews.putIfAbsent(work.key(), clock.getAsDouble());
    }

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {
        frames.incrementAndGet();
        firstPreviews.putIfAbsent(work.key(), clock.getAsDouble());
    }

    @Override
    public void handOn(Work work, List<Tensor> tensors) {
        finished.put(work.key(), clock.getAsDouble());
    }

    @Override
    public void finish(Work work, EncodedImage image) {
        throw new IllegalStateException("the denoiser finishes no picture");
    }

    @Override
    public void fail(Work work, Failure failure) {
        throw new IllegalStateException(work.key() + " failed: " + failure.message());
    }
}

package dev.weir.serving;

import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Forward;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** Keeps what became of each sample. */
final class Results implements Outbox {

    final Map<SampleKey, float[]> latents = new LinkedHashMap<>();
    final Map<SampleKey, Failure> failures = new LinkedHashMap<>();
    final List<Forward> forwards = new ArrayList<>();
    final Map<SampleKey, List<Snapshot>> checkpoints = new LinkedHashMap<>();
    /** By sample and step; painted by a thread of its own. */
    final List<String> frames = new CopyOnWriteArrayList<>();

    @Override
    public void started(Work work) {}

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {}

    @Override
    public void forward(Forward forward) {
        forwards.add(forward);
    }

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {}

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {
        frames.add(work.key().jobId() + " " + step);
    }

    @Override
    public void checkpoint(Work work, Supplier<Snapshot> snapshot) {
        checkpoints.computeIfAbsent(work.key(), key -> new ArrayList<>()).add(snapshot.get());
    }

    @Override
    public void handOn(Work work, List<Tensor> tensors) {
        float[] latent = tensors.get(0).toFloats();
        if (latents.put(work.key(), latent) != null) {
            throw new IllegalStateException(work.key() + " was handed on twice");
        }
    }

    @Override
    public void finish(Work work, EncodedImage image) {}

    @Override
    public void fail(Work work, Failure failure) {
        failures.put(work.key(), failure);
    }
}

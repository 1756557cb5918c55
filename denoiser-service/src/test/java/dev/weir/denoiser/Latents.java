package dev.weir.denoiser;

import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Work;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Keeps the latent of each sample that is done. */
final class Latents implements Outbox {

    final Map<SampleKey, float[]> bySample = new HashMap<>();

    @Override
    public void started(Work work) {}

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {}

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {}

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {}

    @Override
    public void handOn(Work work, List<Tensor> tensors) {
        bySample.put(work.key(), tensors.get(0).toFloats());
    }

    @Override
    public void finish(Work work, EncodedImage image) {}

    @Override
    public void fail(Work work, Failure failure) {
        throw new AssertionError(work.key() + " failed: " + failure);
    }
}

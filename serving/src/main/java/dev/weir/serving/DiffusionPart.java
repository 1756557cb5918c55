package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.Optional;

/**
 * What a stage that diffuses needs of one model.
 *
 * @param nativeShape of the latents that it makes at the size it was trained at, {@code [channels, height, width]}
 * @param classLabel what its rows tell the network beside the timestep: an upsampler's noise level, or none
 * @param preview the matrix from latents to RGB, where the model has one
 */
public record DiffusionPart(
        ModelCard card,
        Denoiser network,
        SchedulerConfig schedule,
        LatentShape nativeShape,
        int classLabel,
        Optional<LatentPreview> preview)
        implements AutoCloseable {

    @Override
    public void close() {
        network.close();
    }
}

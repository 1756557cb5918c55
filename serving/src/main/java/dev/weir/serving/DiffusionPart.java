package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.Optional;

/**
 * The part of a model that a diffusion stage needs.
 *
 * @param nativeShape of the latents at the model's native size, {@code [channels, height, width]}
 * @param classLabel the network's input besides the timestep: an upsampler's noise level, or none
 * @param preview the matrix from latents to RGB, if the model has one
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

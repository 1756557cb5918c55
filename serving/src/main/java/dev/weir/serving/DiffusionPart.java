package dev.weir.serving;

import dev.weir.engine.Denoiser;
import dev.weir.engine.Finite;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelCard;
import dev.weir.engine.TextStates;
import dev.weir.engine.image.LatentPreview;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.sampler.SchedulerConfig;
import java.util.Collections;
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

    private static final int TEST_SEED = 1;
    private static final int TEST_TOKENS = 8;
    private static final float TEST_TIMESTEP = 500;

    /** A row of noise at the native size, as real ones begin. */
    private Denoiser.Row testRow() {
        TorchGenerator noise = new TorchGenerator(TEST_SEED);
        float[] latent = noise.normal(network.inChannels() * nativeShape.height() * nativeShape.width());
        int width = network.contextWidth();
        TextStates context = new TextStates(TEST_TOKENS, width, noise.normal(TEST_TOKENS * width));
        return new Denoiser.Row(latent, TEST_TIMESTEP, context, classLabel);
    }

    /** Runs the network on so many rows of noise, and says whether all that it gives is finite. */
    boolean isFinite(int rows) {
        LatentShape input = new LatentShape(network.inChannels(), nativeShape.height(), nativeShape.width());
        return network.predict(input, Collections.nCopies(rows, testRow())).stream()
                .allMatch(Finite::all);
    }

    @Override
    public void close() {
        network.close();
    }
}

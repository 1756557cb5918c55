package dev.weir.engine;

import java.util.Optional;

/**
 * What an encoder tells of a picture's latents, not yet in the denoiser's scale (diffusers'
 * {@code DiagonalGaussianDistribution}). Immutable by convention.
 *
 * @param deviation empty where the encoder gives the latents themselves: then diffusers draws no noise for them
 */
public record LatentDistribution(float[] mean, Optional<float[]> deviation) {

    /** The most likely latents. */
    public float[] mode() {
        return mean;
    }

    /** @param noise standard normal, as many values as the latents have; not read where there is no deviation */
    public float[] sample(float[] noise) {
        return deviation.map(wide -> sample(wide, noise)).orElse(mean);
    }

    private float[] sample(float[] wide, float[] noise) {
        if (noise.length != mean.length) {
            throw new IllegalArgumentException("noise of %d values for %d".formatted(noise.length, mean.length));
        }
        var latents = new float[mean.length];
        for (int i = 0; i < latents.length; i++) {
            latents[i] = mean[i] + wide[i] * noise[i];
        }
        return latents;
    }
}

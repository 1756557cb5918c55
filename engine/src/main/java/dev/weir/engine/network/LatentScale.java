package dev.weir.engine.network;

import java.util.ArrayList;
import java.util.List;

/**
 * Between an autoencoder's latents and a denoiser's, which have about unit variance: {@code (z - mean) * factor / deviation}.
 * diffusers' pipelines of the Stable Diffusion family do not look at {@code shift_factor}.
 *
 * @param means of each channel
 * @param deviations of each channel
 */
record LatentScale(double factor, List<Float> means, List<Float> deviations) {

    /** @param otherwise the factor of a configuration that names none */
    static LatentScale read(Config config, int channels, double otherwise) {
        double factor = config.number("scaling_factor", otherwise);
        if (factor == 0) {
            throw config.refused("scaling_factor", "a number other than 0");
        }
        config.ignore("shift_factor");
        var means = config.numbers("latents_mean", channels);
        var deviations = config.numbers("latents_std", channels);
        // Only both together count, as in StableDiffusionXLPipeline.
        return means.isEmpty() || deviations.isEmpty()
                ? new LatentScale(factor, List.of(), List.of())
                : new LatentScale(factor, floats(means), floats(deviations));
    }

    private static List<Float> floats(List<Double> numbers) {
        var floats = new ArrayList<Float>();
        numbers.forEach(number -> floats.add(number.floatValue()));
        return floats;
    }

    /** Deviations of latents, in the denoiser's scale. */
    float[] stretched(float[] wide) {
        var scaled = new float[wide.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] =
                    wide[i] * (float) factor / (deviations.isEmpty() ? 1 : deviations.get(channel(i, scaled.length)));
        }
        return scaled;
    }

    float[] normalized(float[] latents) {
        var scaled = new float[latents.length];
        for (int i = 0; i < scaled.length; i++) {
            int channel = channel(i, scaled.length);
            scaled[i] = means.isEmpty()
                    ? latents[i] * (float) factor
                    : (latents[i] - means.get(channel)) * (float) factor / deviations.get(channel);
        }
        return scaled;
    }

    /** The autoencoder's latents. */
    float[] raw(float[] normalized) {
        var raw = new float[normalized.length];
        for (int i = 0; i < raw.length; i++) {
            int channel = channel(i, raw.length);
            raw[i] = means.isEmpty()
                    ? normalized[i] / (float) factor
                    : normalized[i] * deviations.get(channel) / (float) factor + means.get(channel);
        }
        return raw;
    }

    private int channel(int index, int size) {
        return means.isEmpty() ? 0 : index / (size / means.size());
    }
}

package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.List;

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598), and the rescaling of its result (Lin et al. 2023, arXiv
 * 2305.08891, section 3.4).
 *
 * @param positive what the network takes for the prompt
 * @param negative the same for the negative or empty prompt
 * @param rescale 0 to 1: how much of the result is given the standard deviation of the prompt's output
 */
public record ClassifierFreeGuidance(Tensors positive, Tensors negative, float scale, float rescale) implements Guider {

    public ClassifierFreeGuidance {
        requireNumber(scale);
        if (!(rescale >= 0 && rescale <= 1)) {
            throw new IllegalArgumentException("guidance rescale must be between 0 and 1, not " + rescale);
        }
    }

    /** Whether a scale needs the negative prompt. At most 1 does not: the prompt's output alone counts. */
    public static boolean isGuided(float scale) {
        requireNumber(scale);
        return scale > 1;
    }

    private static void requireNumber(float scale) {
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("guidance scale must be a number, not " + scale);
        }
    }

    @Override
    public List<Tensors> branches(int step) {
        return List.of(negative, positive);
    }

    @Override
    public boolean isPrompt(int step, int branch) {
        return branch == 1;
    }

    /**
     * {@code negative + scale * (positive - negative)}, equation 6 of the paper with scale = 1 + w. A predicted variance is the
     * prompt's, as in diffusers.
     */
    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        float[] without = outputs.get(0);
        float[] with = outputs.get(1);
        float[] combined = with.clone();
        for (int i = 0; i < size; i++) {
            combined[i] = without[i] + scale * (with[i] - without[i]);
        }
        rescale(combined, with, rescale, size);
        return combined;
    }

    /** Gives a guided output a share of the standard deviation of the prompt's. */
    static void rescale(float[] combined, float[] prompt, float share, int size) {
        if (share > 0) {
            double factor = share * deviation(prompt, size) / deviation(combined, size) + (1 - share);
            for (int i = 0; i < size; i++) {
                combined[i] = (float) (combined[i] * factor);
            }
        }
    }

    /** Of a sample, with n - 1. */
    private static double deviation(float[] values, int size) {
        double mean = 0;
        for (int i = 0; i < size; i++) {
            mean += values[i];
        }
        mean /= size;
        double squares = 0;
        for (int i = 0; i < size; i++) {
            squares += (values[i] - mean) * (values[i] - mean);
        }
        return Math.sqrt(squares / (size - 1));
    }
}

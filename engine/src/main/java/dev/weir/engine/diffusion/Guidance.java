package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.Objects;

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598).
 *
 * @param positive what the network takes for the prompt
 * @param negative the same for the negative or empty prompt; may be null if the scale does not use it
 * @param scale at most 1: only the prompt, in one row of the network's batch instead of two
 */
public record Guidance(Tensors positive, Tensors negative, float scale) {

    public Guidance {
        Objects.requireNonNull(positive, "positive");
        if (!Float.isFinite(scale)) {
            throw new IllegalArgumentException("guidance scale must be a number, not " + scale);
        }
        if (isPair(scale) && negative == null) {
            throw new IllegalArgumentException(
                    "guidance scale %s needs the states of a negative prompt".formatted(scale));
        }
    }

    /** The guidance of a network that takes its scale as an embedding of a width, in one row for each sample. */
    public static Guidance embedded(Tensors positive, float scale, int width) {
        return new Guidance(positive.with(Tensors.TIMESTEP_COND, GuidanceEmbedding.of(scale, width)), null, 1);
    }

    /** Whether the network also runs for the negative prompt. */
    public boolean isPair() {
        return isPair(scale);
    }

    private static boolean isPair(float scale) {
        return scale > 1;
    }

    /**
     * {@code negative + scale * (positive - negative)}, equation 6 of the paper with scale = 1 + w. What the network predicts
     * after the sample's own numbers, a variance, is the prompt's, as in diffusers.
     *
     * @param size of the sample
     */
    float[] combine(float[] negativeOutput, float[] positiveOutput, int size) {
        float[] combined = positiveOutput.clone();
        for (int i = 0; i < size; i++) {
            combined[i] = negativeOutput[i] + scale * (positiveOutput[i] - negativeOutput[i]);
        }
        return combined;
    }
}

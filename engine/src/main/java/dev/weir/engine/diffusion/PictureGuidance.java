package dev.weir.engine.diffusion;

import dev.weir.engine.Tensors;
import java.util.List;

/**
 * Guidance by a prompt and by a picture (Brooks et al. 2023, arXiv 2211.09800, equation 3): of three network rows, the last two have
 * the negative prompt, and the last has no picture.
 *
 * @param prompt what the network takes for the prompt beside the picture
 * @param picture the same for the negative prompt
 * @param neither the same for the negative prompt without the picture
 * @param scale of the prompt
 * @param pictureScale of the picture
 * @param rescale 0 to 1: how much of the result is given the standard deviation of the prompt's output
 */
public record PictureGuidance(
        Tensors prompt, Tensors picture, Tensors neither, float scale, float pictureScale, float rescale)
        implements Guider {

    /** The network rows of a step. */
    public static final int ROWS = 3;

    private static final float LEAST = 1;

    /** Whether scales need the negative prompt, as diffusers decides it: below 1 of either, the prompt's output alone counts. */
    public static boolean isGuided(float scale, float pictureScale) {
        return ClassifierFreeGuidance.isGuided(scale) && pictureScale >= LEAST;
    }

    @Override
    public List<Tensors> branches(int step) {
        return List.of(prompt, picture, neither);
    }

    @Override
    public float[] combine(List<float[]> outputs, int step, int size) {
        float[] ofPrompt = outputs.get(0);
        float[] ofPicture = outputs.get(1);
        float[] ofNeither = outputs.get(2);
        float[] combined = ofPrompt.clone();
        for (int i = 0; i < size; i++) {
            combined[i] =
                    ofNeither[i] + scale * (ofPrompt[i] - ofPicture[i]) + pictureScale * (ofPicture[i] - ofNeither[i]);
        }
        ClassifierFreeGuidance.rescale(combined, ofPrompt, rescale, size);
        return combined;
    }
}

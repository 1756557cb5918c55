package dev.weir.engine.diffusion;

import dev.weir.engine.Denoiser;

/**
 * What a network receives besides the sample and the text: the latent that a conditional upsampler enlarges.
 *
 * @param channels of the latent, after the sample's own
 * @param latent {@code [channels, height, width]} of the sample's height and width
 * @param classLabel the noise level of the latent's augmentation, or {@link Denoiser#NO_CLASS}
 */
public record Conditioning(int channels, float[] latent, int classLabel) {

    /** Nothing besides the sample and the text. */
    public static final Conditioning NONE = new Conditioning(0, new float[0], Denoiser.NO_CLASS);

    /** The network's input: the sample's channels, then these. */
    float[] beside(float[] sample) {
        if (latent.length == 0) {
            return sample;
        }
        float[] input = new float[sample.length + latent.length];
        System.arraycopy(sample, 0, input, 0, sample.length);
        System.arraycopy(latent, 0, input, sample.length, latent.length);
        return input;
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * A run that paints a part of a picture with a network that sees no mask: after each step the rest of the sample is set to the
 * picture at the noise level of the next step, and at the end to the picture itself, as in StableDiffusionInpaintPipeline.
 *
 * @param mask 1 where the sample is painted, 0 where the picture stays: one value for each place, for all channels
 * @param picture the clean latent, of the sample's size
 * @param noise unit normal, that the run began with
 */
public record InpaintingSampler(Sampler whole, float[] mask, float[] picture, float[] noise)
        implements SamplerDecorator {

    public InpaintingSampler {
        if (picture.length != noise.length || picture.length % mask.length != 0) {
            throw new IllegalArgumentException("a mask of %d values and noise of %d do not fit a latent of %d"
                    .formatted(mask.length, noise.length, picture.length));
        }
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
        Advance advance = whole.advance(state, modelOutput, source);
        SamplerState next = advance.next();
        float[] kept = next.step() < steps() ? whole.addNoise(next.step(), picture, noise) : picture;
        SamplerState blended = new SamplerState(next.step(), blended(kept, next.sample()), next.memory());
        return new Advance(blended, blended(picture, advance.predictedOriginal()));
    }

    private float[] blended(float[] kept, float[] painted) {
        float[] sample = new float[painted.length];
        for (int i = 0; i < sample.length; i++) {
            float share = mask[i % mask.length];
            sample[i] = (1 - share) * kept[i] + share * painted[i];
        }
        return sample;
    }
}

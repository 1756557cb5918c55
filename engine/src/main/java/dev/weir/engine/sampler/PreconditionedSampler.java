package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * A run of a network with the preconditioning of Karras et al. 2022 (arXiv 2206.00364, table 1, for data of unit variance): the network
 * is told a quarter of the logarithm of sigma, and its output is mixed with the sample. The sampler gets what comes of it.
 */
public record PreconditionedSampler(Sampler whole) implements SamplerDecorator {

    private static final float LOG_SCALE = 0.25f;
    private static final float[] NOTHING = {0};
    private static final float[] UNIT = {1};

    @Override
    public float timestep(int step) {
        return LOG_SCALE * Floats.log(sigma(step));
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        float sigma = sigma(state.step());
        float variance = sigma * sigma + 1;
        float kept = 1 / (variance * signal(state.step()));
        float share = sigma / Floats.sqrt(variance);
        float[] sample = state.sample();
        float[] mixed = new float[sample.length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = kept * sample[i] + share * modelOutput[i];
        }
        return whole.advance(state, mixed, noise);
    }

    /** Samplers differ in the scale of their samples, and not in the ratio of noise to signal. */
    private float sigma(int step) {
        return whole.addNoise(step, NOTHING, UNIT)[0] / signal(step);
    }

    private float signal(int step) {
        return whole.addNoise(step, UNIT, NOTHING)[0];
    }
}

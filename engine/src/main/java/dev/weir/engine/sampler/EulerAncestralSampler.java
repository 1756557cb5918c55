package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.SamplerConfig.FinalSigma;

/**
 * Euler's method below each noise level, and fresh noise back up to it: the ancestral sampling of Song et al. 2021
 * (arXiv 2011.13456, appendix F) on the sigmas of Karras et al. 2022 (arXiv 2206.00364).
 *
 * <p>Its sigmas are those of its timesteps and end at zero, as in the reference; sample prediction, which the reference
 * refuses, is done as {@link EulerSampler} does it.
 */
final class EulerAncestralSampler implements Sampler {

    private final Prediction prediction;
    private final EulerSchedule schedule;

    EulerAncestralSampler(SamplerConfig config, int steps) {
        prediction = config.prediction();
        schedule = EulerSchedule.of(config, FinalSigma.ZERO, steps);
    }

    @Override
    public int steps() {
        return schedule.timesteps().length;
    }

    @Override
    public float initialNoiseScale() {
        return schedule.initialNoiseScale();
    }

    @Override
    public float timestep(int step) {
        return schedule.timesteps()[step];
    }

    @Override
    public float[] scaleInput(int step, float[] sample) {
        return schedule.scaleInput(step, sample);
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        float from = schedule.sigmas()[state.step()];
        float to = schedule.sigmas()[state.step() + 1];
        float up = Floats.sqrt(to * to * (from * from - to * to) / (from * from));
        float down = Floats.sqrt(Math.max(to * to - up * up, 0)); // from a great sigma, rounding may go below nothing
        float[] sample = state.sample();
        float[] original = prediction.original(from, sample, modelOutput);
        float[] fresh = noise.normal(sample.length);
        float[] next = new float[sample.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sample[i] + (sample[i] - original[i]) / from * (down - from) + fresh[i] * up;
        }
        return new Advance(new SamplerState(state.step() + 1, next, state.history()), original);
    }
}

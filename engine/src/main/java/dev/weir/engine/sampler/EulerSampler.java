package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/** Euler's method on the probability flow: algorithm 2 of Karras et al. 2022 (arXiv 2206.00364) without its churn. */
final class EulerSampler implements Sampler {

    private final Prediction prediction;
    private final EulerSchedule schedule;

    EulerSampler(SamplerConfig config, int steps) {
        prediction = config.prediction();
        schedule = EulerSchedule.of(config, config.finalSigma(), steps);
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
        float sigma = schedule.sigmas()[state.step()];
        float stride = schedule.sigmas()[state.step() + 1] - sigma;
        float[] sample = state.sample();
        float[] original = prediction.original(sigma, sample, modelOutput);
        float[] next = new float[sample.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sample[i] + (sample[i] - original[i]) / sigma * stride;
        }
        return new Advance(new SamplerState(state.step() + 1, next, state.history()), original);
    }
}

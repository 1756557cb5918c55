package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/** The network calls of another sampler from one to another. Its own steps count from 0. */
record PartialSampler(Sampler whole, int begin, int end) implements SamplerDecorator {

    @Override
    public int steps() {
        return end - begin;
    }

    @Override
    public float timestep(int step) {
        return whole.timestep(begin + step);
    }

    @Override
    public float[] scaleInput(int step, float[] sample) {
        return whole.scaleInput(begin + step, sample);
    }

    @Override
    public float[] start(float[] original, float[] noise) {
        return begin == 0 ? whole.start(original, noise) : addNoise(0, original, noise);
    }

    @Override
    public float[] addNoise(int step, float[] original, float[] noise) {
        return whole.addNoise(begin + step, original, noise);
    }

    @Override
    public double noiseLevel(int step) {
        return whole.noiseLevel(begin + step);
    }

    @Override
    public boolean isIn(PercentRange range, int step, SchedulerConfig training) {
        return whole.isIn(range, begin + step, training);
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        Advance advance = whole.advance(at(state, state.step() + begin), modelOutput, noise);
        return new Advance(at(advance.next(), state.step() + 1), advance.predictedOriginal());
    }

    private static SamplerState at(SamplerState state, int step) {
        return new SamplerState(step, state.sample(), state.memory());
    }
}

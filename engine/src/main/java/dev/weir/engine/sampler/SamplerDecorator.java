package dev.weir.engine.sampler;

/** A sampler that changes some of what another one does. Where nothing else is said it runs all of its steps. */
interface SamplerDecorator extends Sampler {

    Sampler whole();

    @Override
    default int steps() {
        return whole().steps();
    }

    @Override
    default int order() {
        return whole().order();
    }

    @Override
    default float initialNoiseScale() {
        return whole().initialNoiseScale();
    }

    @Override
    default float timestep(int step) {
        return whole().timestep(step);
    }

    @Override
    default float[] scaleInput(int step, float[] sample) {
        return whole().scaleInput(step, sample);
    }

    @Override
    default float[] start(float[] original, float[] noise) {
        return whole().start(original, noise);
    }

    @Override
    default float[] addNoise(int step, float[] original, float[] noise) {
        return whole().addNoise(step, original, noise);
    }

    @Override
    default double noiseLevel(int step) {
        return whole().noiseLevel(step);
    }

    @Override
    default boolean isIn(PercentRange range, int step, SchedulerConfig training) {
        return whole().isIn(range, step, training);
    }

    @Override
    default boolean takesGradient() {
        return whole().takesGradient();
    }
}

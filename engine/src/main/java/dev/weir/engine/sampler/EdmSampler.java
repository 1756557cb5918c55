package dev.weir.engine.sampler;

/** A run over the levels of an {@link EdmSchedule}: what its two schedulers have in common. */
abstract class EdmSampler implements Sampler {

    private final EdmSchedule schedule;
    private final float[] sigmas;

    EdmSampler(EdmSchedule schedule, int steps) {
        this.schedule = schedule;
        sigmas = schedule.sigmas(steps);
    }

    @Override
    public final int steps() {
        return sigmas.length - 1;
    }

    @Override
    public final float initialNoiseScale() {
        return schedule.initialNoiseScale();
    }

    @Override
    public final float timestep(int step) {
        return EdmSchedule.timestep(sigmas[step]);
    }

    @Override
    public final float[] scaleInput(int step, float[] sample) {
        return schedule.levels().scaleInput(sigmas[step], sample);
    }

    @Override
    public final float[] addNoise(int step, float[] original, float[] noise) {
        return SigmaRun.addNoise(sigmas[step], original, noise);
    }

    /** The noise level of a step, or of the end of the last one. */
    final float sigma(int step) {
        return sigmas[step];
    }

    final float[] original(SamplerState state, float[] modelOutput) {
        return schedule.original(sigmas[state.step()], state.sample(), modelOutput);
    }
}

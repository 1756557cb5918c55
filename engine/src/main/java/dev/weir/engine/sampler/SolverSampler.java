package dev.weir.engine.sampler;

/** A run of a solver on samples of unit variance: what DPM-Solver and its kin have in common. */
abstract class SolverSampler implements Sampler {

    private final SolverSchedule.Levels run;

    SolverSampler(SolverSchedule.Levels run) {
        this.run = run;
    }

    @Override
    public final int steps() {
        return run.timesteps().length;
    }

    @Override
    public final float timestep(int step) {
        return run.timesteps()[step];
    }

    @Override
    public final float initialNoiseScale() {
        return run.initialScale();
    }

    @Override
    public final float[] start(float[] original, float[] noise) {
        Level first = level(0);
        return run.addsAll()
                ? Floats.mix(first.signal(), original, initialNoiseScale(), noise)
                : addNoise(0, original, noise);
    }

    @Override
    public float[] addNoise(int step, float[] original, float[] noise) {
        return level(step).addNoise(original, noise);
    }

    /** The noise level of a step, or of the end of the last one. */
    final Level level(int step) {
        return run.levels()[step];
    }
}

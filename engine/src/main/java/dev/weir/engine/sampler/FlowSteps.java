package dev.weir.engine.sampler;

/** What samplers of a rectified flow have in common that call the network once a step: where each step begins. */
abstract class FlowSteps implements Sampler {

    final FlowRun run;
    private final float start;

    /** @param start the factor of the first noise */
    FlowSteps(FlowRun run, float start) {
        this.run = run;
        this.start = start;
    }

    @Override
    public final int steps() {
        return run.levels().length;
    }

    @Override
    public final float initialNoiseScale() {
        return start;
    }

    @Override
    public final float timestep(int step) {
        return run.timestep(step);
    }

    @Override
    public float[] addNoise(int step, float[] original, float[] noise) {
        return FlowRun.addNoise(run.level(step), original, noise);
    }
}

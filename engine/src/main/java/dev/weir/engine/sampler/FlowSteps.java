package dev.weir.engine.sampler;

/** What samplers of a rectified flow have in common that call the network once a step: where each step begins. */
abstract class FlowSteps implements Sampler {

    final FlowRun run;
    private final FlowLevels levels;

    /** @param levels that the run visits */
    FlowSteps(FlowRun run, FlowLevels levels) {
        this.run = run;
        this.levels = levels;
    }

    @Override
    public final int steps() {
        return run.levels().length;
    }

    @Override
    public final float initialNoiseScale() {
        return levels.start(run);
    }

    @Override
    public final float timestep(int step) {
        return run.timestep(step);
    }

    @Override
    public final boolean isIn(PercentRange range, int step, SchedulerConfig training) {
        return range.contains(run.level(step), FlowTable.required(levels.table()));
    }

    @Override
    public float[] addNoise(int step, float[] original, float[] noise) {
        return FlowRun.addNoise(run.level(step), original, noise);
    }
}

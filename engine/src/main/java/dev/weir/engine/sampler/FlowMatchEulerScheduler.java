package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * Euler's method on a rectified flow: Liu et al. 2022 (arXiv 2209.03003), as in Stable Diffusion 3 and Flux.
 *
 * @param terminal the level of the last step after the shift, to which all levels are stretched; 0: as it is
 * @param inverted whether the levels that the network and the sampler use count from the noise to the clean sample
 * @param stochastic whether each step adds fresh noise to its x0
 * @param even whether the last level before the shift is the share of one step, and not the training schedule's
 */
record FlowMatchEulerScheduler(
        int train,
        FlowShift shift,
        double terminal,
        SigmaSpacing spacing,
        Sigmas.Bounds bounds,
        boolean inverted,
        boolean stochastic,
        boolean even)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("FlowMatchEulerDiscreteScheduler", FlowMatchEulerScheduler::read)
            .named("flow_euler")
            .withSchedules(SigmaSchedule.ALL)
            .ofProcess(NoisingProcess.FLOW);

    /** The same with fresh noise in each step, for few-step models. Growing the sample between steps is not computed. */
    static final SchedulerType LCM_TYPE = SchedulerType.of(
                    "FlowMatchLCMScheduler", FlowMatchEulerScheduler::readStochastic)
            .named("flow_lcm")
            .withSchedules(SigmaSchedule.ALL)
            .ofProcess(NoisingProcess.FLOW);

    private static final FlowShift.Fixed NONE = new FlowShift.Fixed(1);

    private static FlowMatchEulerScheduler readStochastic(SchedulerKeys keys) {
        if (keys.has("scale_factors")) {
            throw keys.wrong("scale_factors", "other than null");
        }
        return read(keys, true);
    }

    private static FlowMatchEulerScheduler read(SchedulerKeys keys) {
        return read(keys, keys.flag("stochastic_sampling", false));
    }

    private static FlowMatchEulerScheduler read(SchedulerKeys keys, boolean stochastic) {
        return new FlowMatchEulerScheduler(
                keys.whole("num_train_timesteps", 1000, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                keys.flag("use_dynamic_shifting", false) ? FlowShift.BySize.read(keys) : FlowShift.Fixed.read(keys),
                keys.number("shift_terminal", 0, 0, 0x1.fffffep-1),
                SigmaSpacing.read(keys, SigmaSchedule.ALL),
                Sigmas.Bounds.read(keys),
                keys.flag("invert_sigmas", false),
                stochastic,
                keys.flag(SchedulerConfig.EVEN_LEVELS, false));
    }

    @Override
    public int mostSteps() {
        return train;
    }

    @Override
    public Sampler sampler(Run run) {
        double[] ends = even
                ? new double[] {1, 1.0 / run.steps()}
                : FlowRun.ends(train, shift instanceof FlowShift.Fixed fixed ? fixed : NONE);
        double[] levels = FlowRun.even(run.steps(), train, ends[0], ends[1]);
        var shifted = shift.of(run.tokens());
        for (int i = 0; i < levels.length; i++) {
            levels[i] = shifted.applyAsDouble(levels[i]);
        }
        double last = levels[levels.length - 1];
        if (terminal > 0) {
            double scale = (1 - last) / (1 - terminal);
            for (int i = 0; i < levels.length; i++) {
                levels[i] = 1 - (1 - levels[i]) / scale;
            }
        }
        if (spacing != SigmaSpacing.NORMAL) {
            levels = bounds.spaced(spacing, levels[0], levels[levels.length - 1], levels.length);
        }
        float[] sigmas = new float[levels.length];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = inverted ? 1 - (float) levels[i] : (float) levels[i];
        }
        return new Steps(new FlowRun(train, sigmas));
    }

    private final class Steps implements Sampler {

        private final FlowRun run;

        Steps(FlowRun run) {
            this.run = run;
        }

        @Override
        public int steps() {
            return run.levels().length;
        }

        @Override
        public float timestep(int step) {
            return run.timestep(step);
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return FlowRun.addNoise(noiseShare(level(step)), original, noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float[] sample = state.sample();
            float level = level(state.step());
            float levelNext = level(state.step() + 1);
            // Along inverted levels, the network points from the noise to x0.
            float[] original = Floats.mix(1, sample, inverted ? 1 - level : -level, modelOutput);
            if (stochastic) {
                float[] reference = FlowRun.original(level, sample, modelOutput);
                float[] next = FlowRun.addNoise(levelNext, reference, noise.normal(sample.length));
                return new Advance(state.next(next), original);
            }
            return new Advance(state.next(Floats.mix(1, sample, levelNext - level, modelOutput)), original);
        }

        private float level(int step) {
            return step < run.levels().length ? run.levels()[step] : inverted ? 1 : 0;
        }

        private float noiseShare(float level) {
            return inverted ? 1 - level : level;
        }
    }
}

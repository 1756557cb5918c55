package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * Euler's method on a rectified flow: Liu et al. 2022 (arXiv 2209.03003), as in Stable Diffusion 3 and Flux.
 *
 * @param stochastic whether each step adds fresh noise to its x0
 */
record FlowMatchEulerScheduler(FlowLevels levels, boolean stochastic) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("FlowMatchEulerDiscreteScheduler", FlowMatchEulerScheduler::read)
            .named("flow_euler")
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI)
            .ofProcess(NoisingProcess.FLOW);

    /** The same with fresh noise in each step, for few-step models. Growing the sample between steps is not computed. */
    static final SchedulerType LCM_TYPE = SchedulerType.of(
                    "FlowMatchLCMScheduler", FlowMatchEulerScheduler::readStochastic)
            .named("flow_lcm")
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI)
            .ofProcess(NoisingProcess.FLOW);

    private static final String STOCHASTIC = "stochastic_sampling";

    private static FlowMatchEulerScheduler readStochastic(SchedulerKeys keys) {
        if (keys.has("scale_factors")) {
            throw keys.wrong("scale_factors", "other than null");
        }
        return new FlowMatchEulerScheduler(FlowLevels.read(keys), true);
    }

    private static FlowMatchEulerScheduler read(SchedulerKeys keys) {
        FlowLevels levels = FlowLevels.read(keys);
        boolean stochastic = keys.flag(STOCHASTIC, false);
        if (stochastic && levels.spacing().isOfComfyui()) {
            throw keys.wrong(STOCHASTIC, "true with a schedule of ComfyUI");
        }
        return new FlowMatchEulerScheduler(levels, stochastic);
    }

    @Override
    public int mostSteps() {
        return levels.train();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(levels.run(run));
    }

    private final class Steps extends FlowSteps {

        Steps(FlowRun run) {
            super(run, levels);
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return FlowRun.addNoise(noiseShare(run.level(step)), original, noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float[] sample = state.sample();
            float level = run.level(state.step());
            float levelNext = run.level(state.step() + 1);
            // Along inverted levels, the network points from the noise to x0.
            float[] original = Floats.mix(1, sample, -noiseShare(level) * direction(), modelOutput);
            if (stochastic) {
                float[] reference = FlowRun.original(level, sample, modelOutput);
                float[] next = FlowRun.addNoise(levelNext, reference, noise.normal(sample.length));
                return new Advance(state.next(next), original);
            }
            return new Advance(state.next(Floats.mix(1, sample, levelNext - level, modelOutput)), original);
        }

        private float direction() {
            return levels.inverted() ? -1 : 1;
        }

        private float noiseShare(float level) {
            return levels.inverted() ? 1 - level : level;
        }
    }
}

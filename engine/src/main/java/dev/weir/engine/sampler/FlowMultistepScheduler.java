package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/**
 * The multistep methods that ComfyUI has for rectified flows (comfy/k_diffusion/sampling.py): along the logarithm of the level, as if samples
 * had all of x0 besides their noise. They differ in how far they continue the change of x0 since the step before. diffusers has no such
 * classes, so the names are Weir's.
 */
record FlowMultistepScheduler(FlowLevels levels, Method method) implements Scheduler {

    /** {@code sample_dpmpp_2m}: DPM-Solver++(2M), Lu et al. 2022 (arXiv 2211.01095). */
    static final SchedulerType TYPE =
            type("FlowMatchDPMSolverMultistepScheduler", "flow_dpmpp_2m", (stride, before) -> stride / (2 * before));

    /** {@code sample_res_multistep}: the refined exponential solver of two steps, Zhang et al. 2023 (arXiv 2308.02157). */
    static final SchedulerType RES_TYPE = type(
            "FlowMatchRESMultistepScheduler",
            "flow_res_multistep",
            (stride, before) -> (stride / -Math.expm1(-stride) - 1) / before);

    private static final String BEFORE = "before";

    /** The share of the change of x0 that counts once more, by the lengths of this step and of the one before in the logarithm. */
    interface Method {

        double share(double stride, double before);
    }

    private static SchedulerType type(String className, String name, Method method) {
        return SchedulerType.of(className, keys -> read(keys, method))
                .named(name)
                .withSchedules(SigmaSchedule.ALL_AND_COMFYUI)
                .ofProcess(NoisingProcess.FLOW);
    }

    private static FlowMultistepScheduler read(SchedulerKeys keys, Method method) {
        FlowLevels levels = FlowLevels.read(keys);
        if (levels.inverted()) {
            throw keys.wrong("invert_sigmas", "true");
        }
        return new FlowMultistepScheduler(levels, method);
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
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float level = run.level(step);
            float left = run.level(step + 1) / level;
            float[] original = FlowRun.original(level, state.sample(), modelOutput);
            float[] used = original;
            if (state.remembers(BEFORE) && left > 0) {
                double share = method.share(-Math.log(left), Math.log(run.level(step - 1) / level));
                used = Floats.mix((float) (1 + share), original, (float) -share, state.recall(BEFORE));
            }
            float[] next = Floats.mix(left, state.sample(), 1 - left, used);
            return new Advance(state.next(next, Map.of(BEFORE, original)), original);
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/**
 * DPM-Solver++(2M) as ComfyUI computes it of a rectified flow ({@code sample_dpmpp_2m} in comfy/k_diffusion/sampling.py): along the logarithm
 * of the level, as if samples had all of x0 besides their noise. diffusers has no such class, so the name is Weir's.
 */
record FlowDpmMultistepScheduler(FlowLevels levels) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of(
                    "FlowMatchDPMSolverMultistepScheduler", FlowDpmMultistepScheduler::read)
            .named("flow_dpmpp_2m")
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI)
            .ofProcess(NoisingProcess.FLOW);

    private static final String BEFORE = "before";

    private static FlowDpmMultistepScheduler read(SchedulerKeys keys) {
        FlowLevels levels = FlowLevels.read(keys);
        if (levels.inverted()) {
            throw keys.wrong("invert_sigmas", "true");
        }
        return new FlowDpmMultistepScheduler(levels);
    }

    @Override
    public int mostSteps() {
        return levels.train();
    }

    @Override
    public Sampler sampler(Run run) {
        FlowRun own = levels.run(run);
        return new Steps(own, levels.start(own));
    }

    private static final class Steps extends FlowSteps {

        Steps(FlowRun run, float start) {
            super(run, start);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float level = run.level(step);
            float left = run.level(step + 1) / level;
            float[] original = FlowRun.original(level, state.sample(), modelOutput);
            float[] used = original;
            if (state.remembers(BEFORE) && left > 0) {
                double share = Math.log(left) / (2 * Math.log(level / run.level(step - 1)));
                used = Floats.mix((float) (1 + share), original, (float) -share, state.recall(BEFORE));
            }
            float[] next = Floats.mix(left, state.sample(), 1 - left, used);
            return new Advance(state.next(next, Map.of(BEFORE, original)), original);
        }
    }
}

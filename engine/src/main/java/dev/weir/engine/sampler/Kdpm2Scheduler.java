package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/**
 * The midpoint method between noise levels, inspired by DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927). Each step runs the
 * network twice, at its start and at the geometric mean of its ends, but for the last one.
 *
 * @param ancestral whether each step goes down further than to the next level and comes back up to it with fresh noise
 */
record Kdpm2Scheduler(SigmaSchedule schedule, Prediction prediction, boolean ancestral) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("KDPM2DiscreteScheduler", keys -> read(keys, false))
            .named("kdpm2", Calls.TWO_A_STEP, Map.of())
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI);

    static final SchedulerType ANCESTRAL = SchedulerType.of("KDPM2AncestralDiscreteScheduler", keys -> read(keys, true))
            .named("kdpm2_ancestral", Calls.TWO_A_STEP, Map.of())
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI);

    private static final NoiseSchedule.Defaults DEFAULTS = new NoiseSchedule.Defaults(0.00085, 0.012, "linear", false);
    private static final String SAMPLE = "sample";

    private static Kdpm2Scheduler read(SchedulerKeys keys, boolean ancestral) {
        return new Kdpm2Scheduler(
                SigmaSchedule.read(keys, DEFAULTS, SigmaSchedule.ALL_AND_COMFYUI),
                Prediction.read(keys, Prediction.V_PREDICTION),
                ancestral);
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        boolean ofComfyui = schedule.spacing().isOfComfyui();
        SigmaRun once = ofComfyui ? schedule.comfyui(run.steps(), true) : schedule.run(run.steps(), true, false);
        float[] middles = middles(once);
        SigmaRun twice = once.twice();
        Sigmas training = Sigmas.of(schedule.noise(), schedule.bounds());
        ComfySigmas comfy = ComfySigmas.of(schedule.noise());
        for (int i = 0; i < middles.length; i++) {
            twice.timesteps()[2 * i + 1] =
                    ofComfyui ? comfy.timestep(middles[i]) : (float) training.timestep(middles[i]);
        }
        return new Steps(twice, middles);
    }

    /** The level in the middle of each step but the last. */
    private float[] middles(SigmaRun run) {
        float[] middles = new float[run.timesteps().length - 1];
        for (int i = 0; i < middles.length; i++) {
            float from = Floats.log(run.sigmas()[i]);
            float to = Floats.log(down(run.sigmas()[i], run.sigmas()[i + 1]));
            // diffusers interpolates a step that is not ancestral from its other end.
            middles[i] = Floats.exp(ancestral ? to - (to - from) * 0.5f : from - (from - to) * 0.5f);
        }
        return middles;
    }

    private float down(float from, float to) {
        if (!ancestral) {
            return to;
        }
        float down = Ancestral.between(from, to).down();
        // From a great sigma, the difference of squares is lost in rounding, and diffusers divides by zero.
        return down > 0 ? down : to * to / from;
    }

    private final class Steps extends SigmaSampler {

        private final float[] middles;

        Steps(SigmaRun run, float[] middles) {
            super(run);
            this.middles = middles;
        }

        @Override
        public int order() {
            return 2;
        }

        @Override
        public float[] scaleInput(int step, float[] sample) {
            return SigmaRun.scaleInput(level(step), sample);
        }

        @Override
        public double noiseLevel(int step) {
            return level(step);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float level = level(step);
            float[] original = prediction.original(level, state.sample(), modelOutput);
            if (step % 2 == 0) {
                float stride = (step + 1 < steps() ? level(step + 1) : 0) - level;
                float[] next = SigmaRun.euler(state.sample(), original, level, stride);
                return new Advance(state.next(next, Map.of(SAMPLE, state.sample())), original);
            }
            float from = sigma(step - 1);
            float to = sigma(step);
            float[] slope = SigmaRun.slope(state.sample(), original, level);
            float[] next = Floats.mix(1, state.recall(SAMPLE), down(from, to) - from, slope);
            if (ancestral) {
                float up = Ancestral.between(from, to).up();
                next = Floats.mix(1, next, up, noise.normal(next.length));
            }
            return new Advance(state.next(next), original);
        }

        /** Of the sample at a call: that of the schedule, or the middle of a step. */
        private float level(int step) {
            return step % 2 == 0 ? sigma(step) : middles[step / 2];
        }
    }
}

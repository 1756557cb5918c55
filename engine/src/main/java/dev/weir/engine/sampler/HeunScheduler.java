package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/**
 * Heun's second-order method: algorithm 1 of Karras et al. 2022 (arXiv 2206.00364) without its churn. Each step runs the
 * network twice, at its start and where Euler's step leads, but for the last one.
 */
record HeunScheduler(SigmaSchedule schedule, Prediction prediction, Clipping clipping) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("HeunDiscreteScheduler", HeunScheduler::read)
            .named("heun", Calls.TWO_A_STEP, Map.of())
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI);

    static final NoiseSchedule.Defaults DEFAULTS = new NoiseSchedule.Defaults(0.00085, 0.012, "linear", false, "exp");
    private static final String SAMPLE = "sample";
    private static final String SLOPE = "prev_derivative";

    private static HeunScheduler read(SchedulerKeys keys) {
        return new HeunScheduler(
                SigmaSchedule.read(keys, DEFAULTS, SigmaSchedule.ALL_AND_COMFYUI),
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE),
                Clipping.readRange(keys, false));
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.run(run.steps()).twice());
    }

    private final class Steps extends SigmaSampler {

        Steps(SigmaRun run) {
            super(run);
        }

        @Override
        public int order() {
            return 2;
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float[] sample = state.sample();
            float[] original = prediction.original(sigma(step), sample, modelOutput);
            clipping.clip(original);
            float[] slope = SigmaRun.slope(sample, original, sigma(step));
            if (step % 2 == 0) {
                float[] next = Floats.mix(1, sample, sigma(step + 1) - sigma(step), slope);
                return new Advance(state.next(next, Map.of(SAMPLE, sample, SLOPE, slope)), original);
            }
            float[] mean = Floats.mix(0.5f, state.recall(SLOPE), 0.5f, slope);
            float[] next = Floats.mix(1, state.recall(SAMPLE), sigma(step) - sigma(step - 1), mean);
            return new Advance(state.next(next), original);
        }
    }
}

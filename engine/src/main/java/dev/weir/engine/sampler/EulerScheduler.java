package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/** Euler's method on the probability flow: algorithm 2 of Karras et al. 2022 (arXiv 2206.00364) without its churn. */
record EulerScheduler(SigmaSchedule schedule, Prediction prediction, boolean logLinear, boolean continuous)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("EulerDiscreteScheduler", EulerScheduler::read)
            .named("euler", Calls.ONE_A_STEP, Map.of("use_karras_sigmas", false))
            .named("euler_karras", Calls.ONE_A_STEP, SigmaSpacing.KARRAS.decided())
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI);

    private static final float LOG_SCALE = 0.25f; // Karras et al., table 1

    private static EulerScheduler read(SchedulerKeys keys) {
        boolean original = keys.json().path("prediction_type").asText().equals("original_sample");
        Prediction prediction =
                original ? Prediction.SAMPLE : Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE);
        boolean endsAtLeast =
                keys.word("final_sigmas_type", "zero", "sigma_min").equals("sigma_min");
        return new EulerScheduler(
                SigmaSchedule.read(keys, NoiseSchedule.Defaults.RESCALABLE, SigmaSchedule.ALL_AND_COMFYUI)
                        .endingAtLeast(endsAtLeast),
                prediction,
                keys.word("interpolation_type", "linear", "log_linear").equals("log_linear"),
                keys.word("timestep_type", "discrete", "continuous").equals("continuous")
                        && prediction == Prediction.V_PREDICTION);
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        SigmaRun levels = schedule.run(run.steps(), false, logLinear);
        if (continuous) {
            for (int i = 0; i < run.steps(); i++) {
                levels.timesteps()[i] = LOG_SCALE * Floats.log(levels.sigmas()[i]);
            }
        }
        return new Steps(levels);
    }

    private final class Steps extends SigmaSampler {

        Steps(SigmaRun run) {
            super(run);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float sigma = sigma(state.step());
            float[] original = prediction.original(sigma, state.sample(), modelOutput);
            float stride = sigma(state.step() + 1) - sigma;
            return new Advance(state.next(SigmaRun.euler(state.sample(), original, sigma, stride)), original);
        }
    }
}

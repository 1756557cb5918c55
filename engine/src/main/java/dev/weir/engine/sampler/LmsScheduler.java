package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.List;

/**
 * Linear multistep (Adams-Bashforth) on the probability flow of Karras et al. 2022 (arXiv 2206.00364), of up to four slopes.
 *
 * <p>A coefficient is the integral of a Lagrange polynomial over the step.
 */
record LmsScheduler(SigmaSchedule schedule, Prediction prediction) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("LMSDiscreteScheduler", LmsScheduler::read)
            .named("lms")
            .withSchedules(SigmaSchedule.ALL_AND_COMFYUI);

    private static final int ORDER = 4;
    private static final String SLOPES = "derivatives";

    private static LmsScheduler read(SchedulerKeys keys) {
        SigmaSchedule schedule = SigmaSchedule.read(keys, NoiseSchedule.Defaults.PLAIN, SigmaSchedule.ALL_AND_COMFYUI);
        return new LmsScheduler(
                schedule.spacing() == SigmaSpacing.KARRAS ? schedule.unbounded() : schedule,
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE));
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.run(run.steps()));
    }

    private final class Steps extends SigmaSampler {

        Steps(SigmaRun run) {
            super(run);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float[] sample = state.sample();
            float[] original = prediction.original(sigma(step), sample, modelOutput);
            List<float[]> slopes = state.recent(SLOPES);
            slopes.add(0, SigmaRun.slope(sample, original, sigma(step)));
            boolean ofComfyui = schedule.spacing().isOfComfyui();
            if (ofComfyui && sigma(step + 1) == 0) {
                return new Advance(state.next(original), original);
            }
            // In diffusers, a run that begins in the middle has the coefficients of the whole one, and not yet all
            // slopes.
            int order = Math.min(ofComfyui ? slopes.size() : step + 1, ORDER);
            float[] change = new float[sample.length];
            for (int back = 0; back < Math.min(slopes.size(), order); back++) {
                change = Floats.mix(1, change, (float) coefficient(order, step, back), slopes.get(back));
            }
            float[] next = Floats.mix(1, sample, 1, change);
            List<float[]> kept = slopes.subList(0, Math.min(slopes.size(), ORDER - 1));
            return new Advance(state.next(next, SamplerState.remember(SLOPES, kept)), original);
        }

        /** Simpson's rule, which is exact for polynomials of degree 3. */
        private double coefficient(int order, int step, int back) {
            double from = sigma(step);
            double to = sigma(step + 1);
            return (to - from)
                    / 6
                    * (lagrange(order, step, back, from)
                            + 4 * lagrange(order, step, back, (from + to) / 2)
                            + lagrange(order, step, back, to));
        }

        private double lagrange(int order, int step, int back, double sigma) {
            double product = 1;
            for (int other = 0; other < order; other++) {
                if (other != back) {
                    product *= (sigma - sigma(step - other)) / (sigma(step - back) - sigma(step - other));
                }
            }
            return product;
        }
    }
}

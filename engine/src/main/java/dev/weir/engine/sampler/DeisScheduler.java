package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Diffusion exponential integrator sampler in log-rho: Zhang and Chen 2022 (arXiv 2204.13902), of orders 1 to 3. It combines
 * the predicted noise of the last steps.
 */
record DeisScheduler(
        SolverSchedule schedule, Prediction prediction, Clipping clipping, int order, boolean lowerOrderFinal)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("DEISMultistepScheduler", DeisScheduler::read)
            .named("deis")
            .withSchedules(SolverSchedule.ALL);

    private static final int FEW_STEPS = 15; // below this, the reference ends with steps of lower order
    private static final int MOST_ORDER = 3;
    private static final String OUTPUTS = "model_outputs";

    private static DeisScheduler read(SchedulerKeys keys) {
        SolverSchedule schedule = SolverSchedule.read(keys, NoiseSchedule.Defaults.PLAIN, SolverSchedule.ALL)
                .endingAt(SolverSchedule.End.LAST);
        // diffusers takes the values of other solvers for its own.
        keys.word("algorithm_type", "deis", "dpmsolver", "dpmsolver++");
        keys.word("solver_type", "logrho", "midpoint", "heun", "bh1", "bh2");
        return new DeisScheduler(
                schedule,
                Prediction.readWithFlow(keys, schedule.isFlow()),
                Clipping.readThreshold(keys),
                Math.min(keys.whole("solver_order", 2, 1, Integer.MAX_VALUE), MOST_ORDER),
                keys.flag("lower_order_final", true));
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.levels(run.steps()));
    }

    private final class Steps extends SolverSampler {

        Steps(SolverSchedule.Levels run) {
            super(run);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            int step = state.step();
            Level level = level(step);
            float[] original = prediction.original(level.signal(), level.spread(), state.sample(), modelOutput);
            clipping.clip(original);
            List<float[]> noises = new ArrayList<>(state.recent(OUTPUTS));
            noises.add(0, Prediction.SAMPLE.noise(level.signal(), level.spread(), state.sample(), original));
            float[] next = step(step, Math.min(noises.size(), orderAt(step)), state.sample(), noises);
            List<float[]> kept = noises.subList(0, Math.min(noises.size(), order - 1));
            return new Advance(state.next(next, SamplerState.remember(OUTPUTS, kept)), original);
        }

        private int orderAt(int step) {
            int left = steps() - step;
            return lowerOrderFinal && steps() < FEW_STEPS ? Math.min(order, left) : order;
        }

        private float[] step(int step, int current, float[] sample, List<float[]> noises) {
            Level from = level(step);
            Level to = level(step + 1);
            if (current == 1) {
                float growth = Floats.exp(to.lambda() - from.lambda()) - 1;
                return Floats.mix(to.signal() / from.signal(), sample, -(to.spread() * growth), noises.get(0));
            }
            float[] sum = Floats.mix(1 / from.signal(), sample, coefficient(step, current, 0), noises.get(0));
            for (int back = 1; back < current; back++) {
                sum = Floats.mix(1, sum, coefficient(step, current, back), noises.get(back));
            }
            return Floats.scale(to.signal(), sum);
        }

        /** The integral over the step of a Lagrange polynomial in the logarithm of rho. */
        private float coefficient(int step, int current, int back) {
            double to = Math.log(rho(step + 1));
            double from = Math.log(rho(step));
            double node = Math.log(rho(step - back));
            double first = Math.log(rho(step - (back + 1) % current));
            double second = Math.log(rho(step - (back + 2) % current));
            double integral = current == 2
                    ? linear(to, first) - linear(from, first)
                    : quadratic(to, first, second) - quadratic(from, first, second);
            return (float) (integral / ((node - first) * (current == 2 ? 1 : node - second)));
        }

        private double rho(int step) {
            return level(step).spread() / level(step).signal();
        }

        /** An antiderivative of {@code log rho - first}. */
        private static double linear(double log, double first) {
            return Math.exp(log) * (log - 1 - first);
        }

        /** An antiderivative of {@code (log rho - first) (log rho - second)}. */
        private static double quadratic(double log, double first, double second) {
            return Math.exp(log) * (first * (second - log + 1) - second * log + second + log * log - 2 * log + 2);
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * SA-Solver, a stochastic Adams method with predictor and corrector: Xue et al. 2023 (arXiv 2309.05019), algorithm 1. It adds
 * noise between the timesteps 200 and 800 only, which is what diffusers takes for tau.
 *
 * @param predictorOrder outputs that a prediction uses, 1 to 4
 * @param correctorOrder outputs that a correction uses, 1 to 4
 * @param onOriginal whether the outputs that it combines are x0, not noise
 */
record SaSolverScheduler(
        SolverSchedule schedule,
        Prediction prediction,
        Clipping clipping,
        int predictorOrder,
        int correctorOrder,
        boolean onOriginal,
        boolean lowerOrderFinal)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("SASolverScheduler", SaSolverScheduler::read)
            .named("sa_solver")
            .withSchedules(SolverSchedule.ALL);

    private static final int MOST_ORDER = 4;
    private static final int FIRST_NOISY = 200;
    private static final int LAST_NOISY = 800;

    private static final String OUTPUT = "output";
    private static final String SAMPLE = "sample";
    private static final String NOISE = "noise";

    private static SaSolverScheduler read(SchedulerKeys keys) {
        if (keys.has("tau_func")) {
            throw keys.wrong("tau_func", "other than null");
        }
        boolean onOriginal = keys.word("algorithm_type", "data_prediction", "noise_prediction")
                .equals("data_prediction");
        SolverSchedule schedule = SolverSchedule.read(keys, NoiseSchedule.Defaults.PLAIN, SolverSchedule.ALL)
                .clippedAt(keys.number("lambda_min_clipped", Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0))
                .endingAt(SolverSchedule.End.LAST);
        Prediction prediction = Prediction.readWithFlow(keys, schedule.isFlow());
        if (prediction == Prediction.FLOW_PREDICTION && !onOriginal) {
            throw keys.wrong("prediction_type", "flow_prediction beside noise_prediction");
        }
        Clipping clipping = Clipping.readThreshold(keys);
        if (!clipping.equals(Clipping.NONE) && !onOriginal) {
            throw keys.wrong("thresholding", "true beside noise_prediction");
        }
        return new SaSolverScheduler(
                schedule,
                prediction,
                clipping,
                keys.whole("predictor_order", 2, 1, MOST_ORDER),
                keys.whole("corrector_order", 2, 1, MOST_ORDER),
                onOriginal,
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

        /** At the timestep that the network is told, which may be rounded. */
        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return schedule.flowShift().isPresent()
                    ? super.addNoise(step, original, noise)
                    : schedule.noise().addNoise(original, noise, (int) timestep(step));
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            Level from = level(step);
            float[] original = prediction.original(from.signal(), from.spread(), state.sample(), modelOutput);
            clipping.clip(original);
            float[] output =
                    onOriginal ? original : prediction.noise(from.signal(), from.spread(), state.sample(), modelOutput);
            List<float[]> outputs = new ArrayList<>(state.recent(OUTPUT));
            int done = outputs.size();
            outputs.add(0, output);

            float[] sample = state.sample();
            if (done > 0) {
                int order = Math.min(lowered(correctorOrder, step - 1, 1), done + 1);
                sample = move(step - 1, true, outputs.subList(0, order), state.recall(SAMPLE), state.recall(NOISE));
            }
            outputs = outputs.subList(0, Math.min(outputs.size(), Math.max(predictorOrder, correctorOrder - 1)));
            int order = Math.min(lowered(predictorOrder, step, 0), outputs.size());
            float[] fresh = noise.normal(sample.length);
            float[] next = move(step, false, outputs.subList(0, order), sample, fresh);

            Map<String, float[]> memory = new HashMap<>(SamplerState.remember(OUTPUT, outputs));
            memory.put(SAMPLE, sample);
            memory.put(NOISE, fresh);
            return new Advance(state.next(next, memory), original);
        }

        private int lowered(int order, int step, int more) {
            return lowerOrderFinal ? Math.min(order, steps() - step + more) : order;
        }

        /**
         * From one level to the next.
         *
         * @param corrects whether the newest output is of the end, which has been predicted, and not of the start
         * @param outputs that the step uses, the newest first
         */
        private float[] move(int from, boolean corrects, List<float[]> outputs, float[] sample, float[] fresh) {
            Level start = level(from);
            Level end = level(from + 1);
            float h = end.lambda() - start.lambda();
            int tau = timestep(from) >= FIRST_NOISY && timestep(from) <= LAST_NOISY ? 1 : 0;
            float[] weights = weights(from, corrects, outputs.size(), 1 + tau);
            float sampleShare =
                    onOriginal ? Floats.exp(-tau * h) * (end.spread() / start.spread()) : end.signal() / start.signal();
            float noiseShare = onOriginal
                    ? end.spread() * Floats.sqrt(1 - Floats.exp(-2 * tau * h))
                    : tau * end.spread() * Floats.sqrt(Floats.exp(2 * h) - 1);
            float outputShare =
                    onOriginal ? (1 + tau) * end.spread() * Floats.exp(-tau * end.lambda()) : -(1 + tau) * end.signal();
            float[] next = Floats.mix(sampleShare, sample, noiseShare, fresh);
            for (int i = 0; i < weights.length; i++) {
                next = Floats.mix(1, next, outputShare * weights[i], outputs.get(i));
            }
            return next;
        }

        private float[] weights(int from, boolean corrects, int order, int scale) {
            var adams = new ExponentialAdams(onOriginal, scale);
            float start = level(from).lambda();
            float end = level(from + 1).lambda();
            float[] lambdas = new float[order];
            for (int i = 0; i < order; i++) {
                lambdas[i] = level((corrects ? from + 1 : from) - i).lambda();
            }
            float[] weights = adams.weights(start, end, lambdas);
            if (onOriginal && order == 2) {
                float correction = corrects
                        ? adams.correctorTerm(start, end)
                        : adams.predictorTerm(start, end, level(from - 1).lambda());
                weights[0] += correction;
                weights[1] -= correction;
            }
            return weights;
        }
    }
}

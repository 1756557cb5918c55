package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A run of {@link UniPcScheduler}. Its memory has the last outputs and the sample that the last step started from. */
final class UniPcSampler extends SolverSampler {

    private static final String OUTPUTS = "model_outputs";
    private static final String LAST = "last_sample";

    private final UniPcScheduler scheduler;

    UniPcSampler(UniPcScheduler scheduler, SolverSchedule.Levels run) {
        super(run);
        this.scheduler = scheduler;
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
        int step = state.step();
        Level level = level(step);
        float[] original = scheduler.prediction().original(level.signal(), level.spread(), state.sample(), modelOutput);
        scheduler.clipping().clip(original);
        float[] value = scheduler.onOriginal()
                ? original
                : scheduler.prediction().noise(level.signal(), level.spread(), state.sample(), modelOutput);
        List<float[]> values = new ArrayList<>(state.recent(OUTPUTS));
        float[] sample = state.sample();
        if (state.remembers(LAST) && !scheduler.uncorrected().contains(step - 1)) {
            int order = Math.min(orderAt(step - 1), values.size());
            sample = update(step - 1, order, state.recall(LAST), values, value);
        }
        values.add(0, value);
        float[] next = update(step, Math.min(orderAt(step), values.size()), sample, values, null);
        Map<String, float[]> memory = new HashMap<>(
                SamplerState.remember(OUTPUTS, values.subList(0, Math.min(values.size(), scheduler.order()))));
        memory.put(LAST, sample);
        return new Advance(state.next(next, memory), original);
    }

    private int orderAt(int step) {
        return scheduler.lowerOrderFinal() ? Math.min(scheduler.order(), steps() - step) : scheduler.order();
    }

    /**
     * The sample after a step.
     *
     * @param values outputs up to the step, the newest first
     * @param corrector the output where the step led, or null for the predictor
     */
    private float[] update(int step, int order, float[] sample, List<float[]> values, float[] corrector) {
        Level from = level(step);
        Level to = level(step + 1);
        boolean onOriginal = scheduler.onOriginal();
        float stride = to.lambda() - from.lambda();
        float h = onOriginal ? -stride : stride;
        float growth = Floats.expm1(h);
        float scale = onOriginal ? to.signal() : to.spread();
        float share = onOriginal ? to.spread() / from.spread() : to.signal() / from.signal();
        float[] next = Floats.mix(share, sample, -(scale * growth), values.get(0));
        float bh = scheduler.bh2() ? growth : h;

        float[] ratios = new float[order];
        for (int i = 1; i < order; i++) {
            ratios[i - 1] = (level(step - i).lambda() - from.lambda()) / stride;
        }
        ratios[order - 1] = 1;
        float[] weights = weights(ratios, h, growth, bh, corrector == null);
        float[] sum = new float[sample.length];
        for (int i = 1; i < order; i++) {
            float[] difference = difference(values.get(i), values.get(0), ratios[i - 1]);
            sum = Floats.mix(1, sum, weights[i - 1], difference);
        }
        if (corrector != null) {
            sum = Floats.mix(1, sum, weights[order - 1], difference(corrector, values.get(0), 1));
        } else if (order == 1) {
            return next;
        }
        return Floats.mix(1, next, -(scale * bh), sum);
    }

    private static float[] difference(float[] a, float[] b, float ratio) {
        float[] difference = new float[a.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = (a[i] - b[i]) / ratio;
        }
        return difference;
    }

    /** Of the differences of outputs: theorem 3.1 of the paper. */
    private static float[] weights(float[] ratios, float h, float growth, float bh, boolean predicts) {
        int order = ratios.length;
        if (predicts && order <= 2 || !predicts && order == 1) {
            return new float[] {0.5f}; // the solution for every h, rounded as the reference does
        }
        float[] right = new float[order];
        float phi = growth / h - 1;
        int factorial = 1;
        for (int i = 1; i <= order; i++) {
            right[i - 1] = phi * factorial / bh;
            factorial *= i + 1;
            phi = phi / h - 1f / factorial;
        }
        int unknowns = predicts ? order - 1 : order;
        float[][] rows = new float[unknowns][unknowns + 1];
        for (int i = 0; i < unknowns; i++) {
            for (int j = 0; j < unknowns; j++) {
                rows[i][j] = (float) Math.pow(ratios[j], i);
            }
            rows[i][unknowns] = right[i];
        }
        return LinearSystem.solve(rows);
    }
}

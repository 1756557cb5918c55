package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What both DPM-Solver schedulers have in common: what the network predicts, and which variant of the method runs.
 *
 * @param heun whether the slope counts as in Heun's method, not as in the midpoint method
 * @param learnsVariance whether a network that predicts noise also predicts a variance, which the solvers ignore
 */
record DpmSolver(
        Prediction prediction, Clipping clipping, DpmAlgorithm algorithm, boolean heun, boolean learnsVariance) {

    private static final String PLUS = DpmAlgorithm.DPMSOLVER_PP.word();
    private static final String DEIS = "deis"; // diffusers reads DEIS' algorithm as DPM-Solver++

    static DpmSolver read(SchedulerKeys keys, boolean isFlow, DpmAlgorithm... others) {
        String[] words = Stream.concat(Arrays.stream(others).map(DpmAlgorithm::word), Stream.of(DEIS))
                .toArray(String[]::new);
        String word = keys.word("algorithm_type", PLUS, words);
        DpmAlgorithm algorithm = DpmAlgorithm.named(word.equals(DEIS) ? PLUS : word);
        if (!endsAtLeast(keys) && !word.equals(PLUS) && algorithm != DpmAlgorithm.SDE_DPMSOLVER_PP) {
            throw keys.wrong("algorithm_type", word + " with final_sigmas_type zero");
        }
        Prediction prediction = algorithm.onOriginal()
                ? Prediction.readWithFlow(keys, isFlow)
                : Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE);
        boolean heun = keys.word("solver_type", "midpoint", "heun", "logrho", "bh1", "bh2")
                .equals("heun");
        String variance = keys.word(
                "variance_type", "", "learned", "learned_range", "fixed_small", "fixed_small_log", "fixed_large");
        return new DpmSolver(prediction, Clipping.readThreshold(keys), algorithm, heun, variance.startsWith("learned"));
    }

    static boolean endsAtLeast(SchedulerKeys keys) {
        return keys.word("final_sigmas_type", "zero", "sigma_min").equals("sigma_min");
    }

    /** The predicted x0 of a network's output. */
    float[] original(Level level, float[] sample, float[] output) {
        float[] own =
                prediction == Prediction.EPSILON && learnsVariance ? Arrays.copyOf(output, sample.length) : output;
        float[] original = prediction.original(level.signal(), level.spread(), sample, own);
        clipping.clip(original);
        return original;
    }

    /** What the method combines of a network's output: x0 or noise. */
    float[] value(Level level, float[] sample, float[] output, float[] original) {
        if (algorithm.onOriginal()) {
            return original;
        }
        return clipping.equals(Clipping.NONE)
                ? prediction.noise(level.signal(), level.spread(), sample, output)
                : Prediction.SAMPLE.noise(level.signal(), level.spread(), sample, original);
    }

    /**
     * A sample at another level.
     *
     * @param differences of values, divided by those of levels: up to two
     */
    float[] step(Level from, Level to, float[] sample, float[] value, List<float[]> differences, float[] noise) {
        boolean heunSlope = heun || differences.size() > 1;
        DpmAlgorithm.Factors factors = algorithm.factors(from, to, heunSlope);
        float[] next = Floats.mix(factors.sample(), sample, factors.value(), value);
        if (!differences.isEmpty()) {
            next = Floats.mix(1, next, factors.slope(), differences.get(0));
        }
        if (differences.size() > 1) {
            next = Floats.mix(1, next, factors.curvature(), differences.get(1));
        }
        return algorithm.stochastic() ? Floats.mix(1, next, factors.noise(), noise) : next;
    }

    /** The noise of a step, drawn whether or not the step has a use for it. */
    float[] draw(NoiseSource source, int size) {
        return algorithm.stochastic() ? source.normal(size) : new float[0];
    }

    /** {@code (a - b) / ratio}. */
    static float[] difference(float[] a, float[] b, float ratio) {
        float inverse = 1 / ratio;
        float[] difference = new float[a.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = inverse * (a[i] - b[i]);
        }
        return difference;
    }
}

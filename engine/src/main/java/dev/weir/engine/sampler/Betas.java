package dev.weir.engine.sampler;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/**
 * The variances that a scheduler class takes from its keys: what a {@link NoiseSchedule} is computed from.
 *
 * @param count of training timesteps
 * @param trained all of them, one by one; empty: they are of the shape
 * @param start the first one
 * @param end the last one
 * @param shape {@code linear} and others
 * @param rescales whether the last timestep keeps no signal
 */
record Betas(int count, List<Double> trained, double start, double end, String shape, boolean rescales) {

    private static final String TRAINED = "trained_betas";
    private static final double MAX_BETA = 0.999;
    private static final int LEAST_TRAIN_TIMESTEPS = 2; // sigmas lie between two

    static Betas read(SchedulerKeys keys, NoiseSchedule.Defaults defaults) {
        int count = keys.whole("num_train_timesteps", 1000, LEAST_TRAIN_TIMESTEPS, NoiseSchedule.MOST_TRAIN_TIMESTEPS);
        List<Double> trained = keys.numbers(TRAINED, 0, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS);
        double start = keys.number("beta_start", defaults.betaStart(), 0, 1);
        double end = keys.number("beta_end", defaults.betaEnd(), 0, 1);
        String shape = keys.word("beta_schedule", defaults.shape(), shapes(defaults));
        if (keys.has(TRAINED) && trained.size() != count) {
            throw keys.wrong(TRAINED, "a list of %d for %d num_train_timesteps".formatted(trained.size(), count));
        }
        boolean rescales = defaults.rescales() && keys.flag("rescale_betas_zero_snr", false);
        return new Betas(count, trained, start, end, shape, rescales);
    }

    private static String[] shapes(NoiseSchedule.Defaults defaults) {
        return Stream.concat(Stream.of("linear", "scaled_linear", "squaredcos_cap_v2"), Arrays.stream(defaults.more()))
                .toArray(String[]::new);
    }

    /** In float32, as the reference computes them. */
    float[] rounded() {
        if (!trained.isEmpty()) {
            float[] betas = new float[count];
            for (int t = 0; t < count; t++) {
                betas[t] = trained.get(t).floatValue();
            }
            return betas;
        }
        return switch (shape) {
            case "linear" -> Floats.linspace(start, end, count);
            case "scaled_linear" -> {
                float[] roots = Floats.linspace(Math.sqrt(start), Math.sqrt(end), count);
                for (int t = 0; t < count; t++) {
                    roots[t] *= roots[t];
                }
                yield roots;
            }
            case "sigmoid" -> sigmoid();
            case "exp" -> fromAlphas(time -> Math.exp(-12 * time));
            default -> fromAlphas(Betas::cosineAlpha);
        };
    }

    /** In float64 where they are given one by one or the shape is a formula of the bounds, else those in float32. */
    double[] exact(float[] rounded) {
        double[] exact = new double[count];
        for (int t = 0; t < count; t++) {
            double share = t / (count - 1.0);
            exact[t] = switch (trained.isEmpty() ? shape : TRAINED) {
                case TRAINED -> trained.get(t);
                case "linear" -> start + share * (end - start);
                case "scaled_linear" -> Math.pow(Math.sqrt(start) + share * (Math.sqrt(end) - Math.sqrt(start)), 2);
                default -> rounded[t];
            };
        }
        return exact;
    }

    private float[] sigmoid() {
        float[] betas = Floats.linspace(-6, 6, count);
        for (int t = 0; t < count; t++) {
            betas[t] = 1 / (1 + Floats.exp(-betas[t])) * (float) (end - start) + (float) start;
        }
        return betas;
    }

    /** Equation 17 of Nichol and Dhariwal 2021 (arXiv 2102.09672). */
    private float[] fromAlphas(DoubleUnaryOperator alpha) {
        float[] betas = new float[count];
        for (int t = 0; t < count; t++) {
            double ratio = alpha.applyAsDouble((t + 1.0) / count) / alpha.applyAsDouble((double) t / count);
            betas[t] = (float) Math.min(1 - ratio, MAX_BETA);
        }
        return betas;
    }

    private static double cosineAlpha(double time) {
        double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }
}

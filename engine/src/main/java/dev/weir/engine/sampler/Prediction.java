package dev.weir.engine.sampler;

import java.util.List;

/**
 * What the network's output means, and the clean latent x0 that it implies.
 *
 * <p>A noisy sample is {@code signal * x0 + spread * noise} with {@code signal^2 + spread^2 = 1} (Ho et al. 2020), or
 * {@code x0 + sigma * noise} after a division by signal (Karras et al. 2022).
 */
public enum Prediction {
    /** The noise (Ho et al. 2020, arXiv 2006.11239). */
    EPSILON,
    /** {@code v = signal * noise - spread * x0} (Salimans and Ho 2022, arXiv 2202.00512). */
    V_PREDICTION,
    /** x0 itself. */
    SAMPLE,
    /** {@code noise - x0}, for {@code signal = 1 - spread} (Lipman et al. 2022, arXiv 2210.02747). */
    FLOW_PREDICTION;

    /** The key of a file, of the values that its scheduler class computes. */
    static Prediction read(SchedulerKeys keys, Prediction... others) {
        return keys.choice("prediction_type", EPSILON, List.of(others));
    }

    /** For solvers of flows too. A prediction of a flow has no meaning on other noise levels. */
    static Prediction readWithFlow(SchedulerKeys keys, boolean isFlow) {
        Prediction prediction = read(keys, V_PREDICTION, SAMPLE, FLOW_PREDICTION);
        if (prediction == FLOW_PREDICTION && !isFlow) {
            throw keys.wrong("prediction_type", "flow_prediction without use_flow_sigmas");
        }
        return prediction;
    }

    /** x0 of a sample of unit variance. */
    float[] original(float signal, float spread, float[] sample, float[] output) {
        float[] original = new float[sample.length];
        for (int i = 0; i < original.length; i++) {
            original[i] = switch (this) {
                case EPSILON -> (sample[i] - spread * output[i]) / signal;
                case V_PREDICTION -> signal * sample[i] - spread * output[i];
                case SAMPLE -> output[i];
                case FLOW_PREDICTION -> sample[i] - spread * output[i];
            };
        }
        return original;
    }

    /** The noise in a sample of unit variance. */
    float[] noise(float signal, float spread, float[] sample, float[] output) {
        float[] noise = new float[sample.length];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = switch (this) {
                case EPSILON -> output[i];
                case V_PREDICTION -> signal * output[i] + spread * sample[i];
                case SAMPLE -> (sample[i] - signal * output[i]) / spread;
                case FLOW_PREDICTION -> sample[i] + signal * output[i];
            };
        }
        return noise;
    }

    /** x0 of a sample whose variance grows with sigma. The network saw the sample divided by sqrt(sigma^2 + 1). */
    float[] original(float sigma, float[] sample, float[] output) {
        float variance = sigma * sigma + 1;
        float outputScale = -sigma / Floats.sqrt(variance);
        float[] original = new float[sample.length];
        for (int i = 0; i < original.length; i++) {
            original[i] = switch (this) {
                case EPSILON -> sample[i] - sigma * output[i];
                case V_PREDICTION -> output[i] * outputScale + sample[i] / variance;
                case SAMPLE -> output[i];
                case FLOW_PREDICTION ->
                    throw new IllegalArgumentException("a flow has no sigmas of unbounded variance");
            };
        }
        return original;
    }
}

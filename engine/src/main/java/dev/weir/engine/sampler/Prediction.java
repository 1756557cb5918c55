package dev.weir.engine.sampler;

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
    SAMPLE;

    /** x0 of a sample of unit variance. */
    float[] original(float signal, float spread, float[] sample, float[] output) {
        float[] original = new float[sample.length];
        for (int i = 0; i < original.length; i++) {
            original[i] = switch (this) {
                case EPSILON -> (sample[i] - spread * output[i]) / signal;
                case V_PREDICTION -> signal * sample[i] - spread * output[i];
                case SAMPLE -> output[i];
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
            };
        }
        return original;
    }
}

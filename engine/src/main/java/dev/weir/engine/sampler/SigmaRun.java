package dev.weir.engine.sampler;

/**
 * Timesteps and noise levels of a run whose samples have a variance of 1 + sigma².
 *
 * @param timesteps what the network is told, one for each step of the schedule
 * @param sigmas one for each step, and the end of the last step
 * @param leading whether the first sample is of variance 1 + sigma² too, not sigma²
 */
record SigmaRun(float[] timesteps, float[] sigmas, boolean leading) {

    /** What unit noise is multiplied with to be the first sample. */
    float initialNoiseScale() {
        float most = 0;
        for (float sigma : sigmas) {
            most = Math.max(most, sigma);
        }
        return leading ? Floats.sqrt(most * most + 1) : most;
    }

    /** A sample at a noise level, to unit variance. */
    static float[] scaleInput(float sigma, float[] sample) {
        float deviation = Floats.sqrt(sigma * sigma + 1);
        float[] scaled = new float[sample.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = sample[i] / deviation;
        }
        return scaled;
    }

    static float[] addNoise(float sigma, float[] original, float[] noise) {
        return Floats.mix(1, original, sigma, noise);
    }

    /** Euler's step along the line through a sample and its x0: {@code x + (x - x0) / sigma * stride}. */
    static float[] euler(float[] sample, float[] original, float sigma, float stride) {
        float[] next = new float[sample.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = sample[i] + (sample[i] - original[i]) / sigma * stride;
        }
        return next;
    }
}

package dev.weir.engine.sampler;

/**
 * Timesteps and noise levels of a run whose samples have a variance of 1 + sigma².
 *
 * @param timesteps what the network is told, one for each step of the schedule
 * @param sigmas one for each step, and the end of the last step
 * @param leading whether the first sample is of variance 1 + sigma² too, not sigma²
 * @param addsAll whether a first sample that shows a picture has as much noise as one that does not
 */
record SigmaRun(float[] timesteps, float[] sigmas, boolean leading, boolean addsAll) {

    /** What unit noise is multiplied with to be the first sample. */
    float initialNoiseScale() {
        float most = 0;
        for (float sigma : sigmas) {
            most = Math.max(most, sigma);
        }
        return leading ? Floats.sqrt(most * most + 1) : most;
    }

    /** For second-order methods: two calls for each step but the last. Both of a step's calls end at the same level. */
    SigmaRun twice() {
        int calls = 2 * timesteps.length - 1;
        float[] twiceTimesteps = new float[calls];
        float[] twiceSigmas = new float[calls + 1];
        for (int call = 0; call < calls; call++) {
            twiceTimesteps[call] = timesteps[(call + 1) / 2];
            twiceSigmas[call] = sigmas[(call + 1) / 2];
        }
        twiceSigmas[calls] = sigmas[timesteps.length];
        return new SigmaRun(twiceTimesteps, twiceSigmas, leading, addsAll);
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

    /** Of the line through a sample and its x0, by noise level. */
    static float[] slope(float[] sample, float[] original, float sigma) {
        float[] slope = new float[sample.length];
        for (int i = 0; i < slope.length; i++) {
            slope[i] = (sample[i] - original[i]) / sigma;
        }
        return slope;
    }

    /** Euler's step along the line through a sample and its x0: {@code x + (x - x0) / sigma * stride}. */
    static float[] euler(float[] sample, float[] original, float sigma, float stride) {
        return Floats.mix(1, sample, stride, slope(sample, original, sigma));
    }
}

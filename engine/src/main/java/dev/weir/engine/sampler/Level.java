package dev.weir.engine.sampler;

/**
 * A noise level of a sample of unit variance: x = signal x0 + spread noise, and lambda, the logarithm of signal over spread.
 *
 * <p>In a flow, signal and spread add up to 1; elsewhere their squares do.
 */
record Level(float signal, float spread, float lambda) {

    static Level of(float sigma) {
        float signal = 1 / Floats.sqrt(sigma * sigma + 1);
        return of(signal, sigma * signal);
    }

    static Level ofFlow(float sigma) {
        return of(1 - sigma, sigma);
    }

    private static Level of(float signal, float spread) {
        return new Level(signal, spread, Floats.log(signal) - Floats.log(spread));
    }

    float[] addNoise(float[] original, float[] noise) {
        return Floats.mix(signal, original, spread, noise);
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.sampler.SamplerConfig.FinalSigma;
import dev.weir.engine.sampler.SamplerConfig.SigmaSpacing;
import dev.weir.engine.sampler.SamplerConfig.Spacing;

/**
 * Timesteps and sigmas of a run of an Euler sampler, and the scale of its samples, whose variance is 1 + sigma^2.
 *
 * @param timesteps what the network is told, one a step
 * @param sigmas one a step, and the end of the last step
 * @param initialNoiseScale what unit noise is multiplied with to be the first sample
 */
record EulerSchedule(float[] timesteps, float[] sigmas, float initialNoiseScale) {

    static EulerSchedule of(SamplerConfig config, FinalSigma end, int steps) {
        Sigmas training = new Sigmas(config);
        float[] timesteps = Timesteps.fractional(config, Spacing.LINSPACE, steps);
        double[] sigmas = new double[steps];
        for (int i = 0; i < steps; i++) {
            sigmas[i] = training.at(timesteps[i]);
        }
        if (config.sigmaSpacing() != SigmaSpacing.TIMESTEPS) {
            sigmas = training.spaced(config.sigmaSpacing(), sigmas[0], sigmas[steps - 1], steps);
            for (int i = 0; i < steps; i++) {
                timesteps[i] = (float) training.timestep(sigmas[i]);
            }
        }
        float[] closed = training.closed(sigmas, end);
        float most = 0;
        for (float sigma : closed) {
            most = Math.max(most, sigma);
        }
        boolean leading = config.spacing().orElse(Spacing.LINSPACE) == Spacing.LEADING;
        return new EulerSchedule(timesteps, closed, leading ? Floats.sqrt(most * most + 1) : most);
    }

    /** To unit variance. */
    float[] scaleInput(int step, float[] sample) {
        float deviation = Floats.sqrt(sigmas[step] * sigmas[step] + 1);
        float[] scaled = new float[sample.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = sample[i] / deviation;
        }
        return scaled;
    }
}

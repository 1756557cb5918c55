package dev.weir.engine.sampler;

import dev.weir.engine.sampler.SamplerConfig.FinalSigma;
import dev.weir.engine.sampler.SamplerConfig.SigmaSpacing;

/** The noise levels of a run on the axis of Karras et al. 2022 (arXiv 2206.00364), from the noisiest down. */
final class Sigmas {

    private static final double RHO = 7; // section 3.2 of Karras et al.

    private final float[] training;
    private final SamplerConfig config;

    Sigmas(SamplerConfig config) {
        this.config = config;
        training = NoiseSchedule.of(config).sigmas(config);
    }

    /** At a timestep that need not be whole, linear between its neighbours. */
    double at(double timestep) {
        int below = (int) timestep;
        if (below >= training.length - 1) {
            return training[training.length - 1];
        }
        double slope = (double) training[below + 1] - training[below];
        return slope * (timestep - below) + training[below];
    }

    double least() {
        return training[0];
    }

    double most() {
        return training[training.length - 1];
    }

    /** How many timesteps have a half log signal-to-noise ratio of at least this, counted from the clean end. */
    int timestepsFrom(double lambda) {
        int count = training.length;
        while (count > 0 && -Math.log(training[count - 1]) < lambda) {
            count--;
        }
        return count;
    }

    /** As many levels between two ends; the model's own ends go before these. */
    double[] spaced(SigmaSpacing spacing, double most, double least, int steps) {
        double from = config.sigmaMax().orElse(most);
        double to = config.sigmaMin().orElse(least);
        double start = Math.pow(from, 1 / RHO);
        double end = Math.pow(to, 1 / RHO);
        double[] sigmas = new double[steps];
        for (int i = 0; i < steps; i++) {
            double ramp = i == 0 ? 0 : i == steps - 1 ? 1 : i * (1.0 / (steps - 1));
            sigmas[i] = switch (spacing) {
                case KARRAS -> Math.pow(start + ramp * (end - start), RHO); // equation 5 of Karras et al.
                case EXPONENTIAL -> Math.exp(Math.log(from) + ramp * (Math.log(to) - Math.log(from)));
                case TIMESTEPS -> throw new IllegalArgumentException("timesteps have sigmas of their own");
            };
        }
        return sigmas;
    }

    /** The timestep whose sigma this is, linear in its logarithm between neighbours. */
    double timestep(double sigma) {
        double log = Math.log(Math.max(sigma, 1e-10));
        int low = 0;
        while (low < training.length - 2 && Floats.log(training[low + 1]) <= log) {
            low++;
        }
        float below = Floats.log(training[low]);
        float above = Floats.log(training[low + 1]);
        double share = Math.min(Math.max((below - log) / (below - above), 0), 1);
        return (1 - share) * low + share * (low + 1);
    }

    /** The levels in float32, and where the last step ends after them. */
    float[] closed(double[] sigmas, FinalSigma end) {
        float[] closed = new float[sigmas.length + 1];
        for (int i = 0; i < sigmas.length; i++) {
            closed[i] = (float) sigmas[i];
        }
        closed[sigmas.length] = end == FinalSigma.SIGMA_MIN ? training[0] : 0;
        return closed;
    }
}

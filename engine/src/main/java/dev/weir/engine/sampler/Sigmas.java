package dev.weir.engine.sampler;

import java.util.Optional;

/**
 * The noise levels that a run may have, on the axis of Karras et al. 2022 (arXiv 2206.00364): those of the training
 * timesteps, and others between them.
 *
 * @param training of each training timestep, growing
 */
record Sigmas(float[] training, Bounds bounds) {

    private static final double RHO = 7; // section 3.2 of Karras et al.

    static Sigmas of(NoiseSchedule schedule, Bounds bounds) {
        return new Sigmas(schedule.sigmas(), bounds);
    }

    /**
     * The ends of a spacing, where a file says them. diffusers reads the keys for all classes with such spacings.
     *
     * @param least what a spacing ends at instead of the model's own least level
     * @param most what a spacing begins at instead of the model's own
     */
    record Bounds(Optional<Double> least, Optional<Double> most) {

        static final Bounds NONE = new Bounds(Optional.empty(), Optional.empty());

        static Bounds read(SchedulerKeys keys) {
            return new Bounds(
                    keys.number("sigma_min", 0, Float.MAX_VALUE), keys.number("sigma_max", 0, Float.MAX_VALUE));
        }

        /** As many levels between two ends, unless the file has others. */
        double[] spaced(SigmaSpacing spacing, double first, double last, int steps) {
            double from = most.orElse(first);
            double to = least.orElse(last);
            double start = Math.pow(from, 1 / RHO);
            double end = Math.pow(to, 1 / RHO);
            double[] sigmas = new double[steps];
            for (int i = 0; i < steps; i++) {
                double ramp = i == 0 ? 0 : i == steps - 1 ? 1 : i * (1.0 / (steps - 1));
                sigmas[i] = switch (spacing) {
                    case KARRAS -> Math.pow(start + ramp * (end - start), RHO); // equation 5 of Karras et al.
                    case EXPONENTIAL -> logEven(Math.log(from), Math.log(to), ramp);
                    case LU -> logEven(Floats.log((float) from), Floats.log((float) to), ramp);
                    case BETA -> to + BetaQuantile.of(1 - ramp) * (from - to);
                    default ->
                        throw new IllegalArgumentException("levels that do not lie between two ends: " + spacing);
                };
            }
            return sigmas;
        }

        private static double logEven(double from, double to, double ramp) {
            return Math.exp(from + ramp * (to - from));
        }
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

    double smallest() {
        return training[0];
    }

    double largest() {
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

    /** As many levels between two ends; the file's own ends go before these. */
    double[] spaced(SigmaSpacing spacing, double first, double last, int steps) {
        return spacing == SigmaSpacing.LU
                ? Bounds.NONE.spaced(spacing, largest(), smallest(), steps)
                : bounds.spaced(spacing, first, last, steps);
    }

    /** The timestep whose sigma this is, linear in its logarithm between neighbours. */
    double timestep(double sigma) {
        double log = Math.log(Math.max(sigma, 1e-10));
        int low = 0;
        int high = training.length - 2;
        while (low < high) {
            int middle = (low + high + 1) / 2;
            if (Floats.log(training[middle]) <= log) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        float below = Floats.log(training[low]);
        float above = Floats.log(training[low + 1]);
        double share = Math.min(Math.max((below - log) / (below - above), 0), 1);
        return (1 - share) * low + share * (low + 1);
    }
}

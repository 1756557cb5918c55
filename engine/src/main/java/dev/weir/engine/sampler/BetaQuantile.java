package dev.weir.engine.sampler;

/**
 * Quantiles of the beta distribution with both parameters 0.6, which beta sigmas are spaced by (Lee et al. 2024, arXiv
 * 2407.12173).
 */
final class BetaQuantile {

    private static final double SHAPE = 0.6;
    /** The complete beta function of (0.6, 0.6). */
    private static final double COMPLETE = 2 * incomplete(0.5);

    private static final int BISECTIONS = 200;

    private BetaQuantile() {}

    /** The value below which this share of the distribution lies. */
    static double of(double share) {
        if (share == 0.5) {
            return 0.5; // the search below stops where sums differ no more, which is a little less
        }
        if (share > 0.5) {
            return 1 - of(1 - share); // the distribution is symmetric
        }
        double low = 0;
        double high = 0.5;
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (low + high) / 2;
            if (incomplete(middle) < share * COMPLETE) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }

    /** The integral of the density up to x, at most 1/2, by its power series. */
    private static double incomplete(double x) {
        double sum = 0;
        double term = 1;
        for (int n = 0; term > 1e-18; n++) {
            sum += term / (SHAPE + n);
            term *= x * (n + 1 - SHAPE) / (n + 1);
        }
        return Math.pow(x, SHAPE) * sum;
    }
}

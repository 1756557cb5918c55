package dev.weir.engine.sampler;

/**
 * The weights of past outputs in a step of SA-Solver: the integrals of an exponential times the polynomial through the
 * outputs, over lambda. Xue et al. 2023 (arXiv 2309.05019), equations 14 and 17.
 *
 * <p>In float32 and in diffusers' order of operations, because the integrals cancel most of their digits.
 *
 * @param onOriginal whether the outputs are x0, not noise
 * @param scale of lambda in the exponential: 1 + tau²
 */
record ExponentialAdams(boolean onOriginal, int scale) {

    /** @param lambdas where the outputs are, the newest first */
    float[] weights(float start, float end, float[] lambdas) {
        int order = lambdas.length;
        float[] weights = new float[order];
        for (int i = 0; i < order; i++) {
            float[] polynomial = lagrange(i, lambdas);
            for (int j = 0; j < order; j++) {
                int degree = order - 1 - j;
                weights[i] += polynomial[j] * (onOriginal ? growing(degree, start, end) : decaying(degree, start, end));
            }
        }
        return weights;
    }

    /** What a prediction of order 2 adds to the newest weight and takes from the other, for runs of few steps. */
    float predictorTerm(float start, float end, float before) {
        float h = end - start;
        return Floats.exp(scale * end) * (h * h / 2 - rest(h) / (scale * scale)) / (start - before);
    }

    /** What a correction of order 2 adds to the newest weight and takes from the other, for runs of few steps. */
    float correctorTerm(float start, float end) {
        float h = end - start;
        return Floats.exp(scale * end) * (h / 2 - rest(h) / (scale * scale * h));
    }

    private float rest(float h) {
        return h * scale - 1 + Floats.exp(scale * -h);
    }

    /** The integral of {@code exp(scale x) x^degree}, times powers of the scale. */
    private float growing(int degree, float start, float end) {
        float to = scale * end;
        float from = scale * start;
        float decay = Floats.exp(-(to - from));
        float difference =
                switch (degree) {
                    case 0 -> 1 - decay;
                    case 1 -> (to - 1) - (from - 1) * decay;
                    case 2 -> (to * to - 2 * to + 2) - (from * from - 2 * from + 2) * decay;
                    default ->
                        (to * to * to - 3 * (to * to) + 6 * to - 6)
                                - (from * from * from - 3 * (from * from) + 6 * from - 6) * decay;
                };
        return Floats.exp(to) * difference / (float) Math.pow(scale, degree + 1);
    }

    /** The integral of {@code exp(-x) x^degree}. */
    private static float decaying(int degree, float from, float to) {
        float growth = Floats.exp(to - from);
        float difference =
                switch (degree) {
                    case 0 -> growth - 1;
                    case 1 -> (from + 1) * growth - (to + 1);
                    case 2 -> (from * from + 2 * from + 2) * growth - (to * to + 2 * to + 2);
                    default ->
                        (from * from * from + 3 * (from * from) + 6 * from + 6) * growth
                                - (to * to * to + 3 * (to * to) + 6 * to + 6);
                };
        return Floats.exp(-to) * difference;
    }

    /** The polynomial that is 1 at one lambda and 0 at the others: its coefficients, the highest degree first. */
    private static float[] lagrange(int one, float[] lambdas) {
        float[] zeros = new float[lambdas.length - 1];
        float divisor = 1;
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = lambdas[i < one ? i : i + 1];
            divisor *= lambdas[one] - zeros[i];
        }
        return switch (zeros.length) {
            case 0 -> new float[] {1};
            case 1 -> new float[] {1 / divisor, -zeros[0] / divisor};
            case 2 -> new float[] {1 / divisor, (-zeros[0] - zeros[1]) / divisor, zeros[0] * zeros[1] / divisor};
            default ->
                new float[] {
                    1 / divisor,
                    (-zeros[0] - zeros[1] - zeros[2]) / divisor,
                    (zeros[0] * zeros[1] + zeros[0] * zeros[2] + zeros[1] * zeros[2]) / divisor,
                    -zeros[0] * zeros[1] * zeros[2] / divisor
                };
        };
    }
}

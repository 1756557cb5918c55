package dev.weir.engine.sampler;

/**
 * The four variants of DPM-Solver: on noise (Lu et al. 2022, arXiv 2206.00927) or on x0 (DPM-Solver++, Lu et al. 2022, arXiv
 * 2211.01095), each of the probability flow or of the stochastic equation.
 */
enum DpmAlgorithm {
    DPMSOLVER("dpmsolver", false, false),
    DPMSOLVER_PP("dpmsolver++", true, false),
    SDE_DPMSOLVER("sde-dpmsolver", false, true),
    SDE_DPMSOLVER_PP("sde-dpmsolver++", true, true);

    private final String word;
    private final boolean onOriginal;
    private final boolean stochastic;

    DpmAlgorithm(String word, boolean onOriginal, boolean stochastic) {
        this.word = word;
        this.onOriginal = onOriginal;
        this.stochastic = stochastic;
    }

    static DpmAlgorithm named(String word) {
        for (DpmAlgorithm algorithm : values()) {
            if (algorithm.word.equals(word)) {
                return algorithm;
            }
        }
        throw new IllegalArgumentException(word);
    }

    /** As files name it. */
    String word() {
        return word;
    }

    /** Whether the outputs that it combines are predictions of x0, not of the noise. */
    boolean onOriginal() {
        return onOriginal;
    }

    boolean stochastic() {
        return stochastic;
    }

    /**
     * The factors of a step.
     *
     * @param sample of the sample that the step starts from
     * @param value of the newest output, or of the one that the step starts from
     * @param slope of the first difference of outputs
     * @param curvature of the second difference
     * @param noise of fresh noise
     */
    record Factors(float sample, float value, float slope, float curvature, float noise) {}

    /**
     * The factors between two levels.
     *
     * @param heun whether the slope of a second-order step counts as in Heun's method, not as in the midpoint method; that of
     *     a third-order step always does
     */
    Factors factors(Level from, Level to, boolean heun) {
        float h = to.lambda() - from.lambda();
        return switch (this) {
            case DPMSOLVER_PP -> {
                float decay = Floats.exp(-h) - 1;
                float value = to.signal() * decay;
                yield new Factors(
                        to.spread() / from.spread(),
                        -value,
                        heun ? to.signal() * (decay / h + 1) : -0.5f * value,
                        -(to.signal() * ((decay + h) / (h * h) - 0.5f)),
                        0);
            }
            case DPMSOLVER -> {
                float growth = Floats.exp(h) - 1;
                float value = to.spread() * growth;
                yield new Factors(
                        to.signal() / from.signal(),
                        -value,
                        heun ? -(to.spread() * (growth / h - 1)) : -0.5f * value,
                        -(to.spread() * ((growth - h) / (h * h) - 0.5f)),
                        0);
            }
            case SDE_DPMSOLVER_PP -> {
                float rest = 1 - Floats.exp(-2 * h);
                float value = to.signal() * rest;
                yield new Factors(
                        to.spread() / from.spread() * Floats.exp(-h),
                        value,
                        heun ? to.signal() * (rest / (-2 * h) + 1) : 0.5f * value,
                        to.signal() * ((rest - 2 * h) / (2 * h * (2 * h)) - 0.5f),
                        to.spread() * Floats.sqrt(rest));
            }
            case SDE_DPMSOLVER -> {
                float growth = Floats.exp(h) - 1;
                float value = to.spread() * growth;
                yield new Factors(
                        to.signal() / from.signal(),
                        -2 * value,
                        heun ? -2 * (to.spread() * (growth / h - 1)) : -value,
                        0,
                        to.spread() * Floats.sqrt(Floats.exp(2 * h) - 1));
            }
        };
    }
}

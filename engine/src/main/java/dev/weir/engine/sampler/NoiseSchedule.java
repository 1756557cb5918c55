package dev.weir.engine.sampler;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * How much of the clean latent is left at each training timestep: the cumulative product of 1 - beta, alpha bar of Ho
 * et al. 2020 (arXiv 2006.11239).
 *
 * <p>Computed in float32 where the reference does so, as the samplers divide by its smallest values. Immutable.
 */
public final class NoiseSchedule {

    static final int MOST_TRAIN_TIMESTEPS = 1_000_000;

    /** A model's samplers are tried one after the other at each start, and most of them have its schedule. */
    private static final int MOST_RECENT = 8;

    private static final Map<Betas, NoiseSchedule> RECENT = new HashMap<>();

    private final float[] betas;
    private final float[] alphasCumprod;
    private final boolean endsWithoutSignal;
    /** The same betas, not rounded to float32. */
    private final double[] exactBetas;

    private NoiseSchedule(float[] betas, double[] exactBetas, boolean endsWithoutSignal) {
        this.betas = betas;
        this.exactBetas = exactBetas;
        alphasCumprod = cumulativeProduct(betas);
        this.endsWithoutSignal = endsWithoutSignal;
    }

    /**
     * What a scheduler class takes for keys that are absent, and which it has.
     *
     * @param shape of {@code beta_schedule}: linear or scaled_linear
     * @param rescales whether it has {@code rescale_betas_zero_snr}
     * @param more shapes besides linear, scaled_linear and squaredcos_cap_v2
     */
    record Defaults(double betaStart, double betaEnd, String shape, boolean rescales, String... more) {

        static final Defaults PLAIN = new Defaults(0.0001, 0.02, "linear", false);
        static final Defaults RESCALABLE = new Defaults(0.0001, 0.02, "linear", true);
    }

    /** The schedule that a model was trained on. */
    public static NoiseSchedule of(SchedulerConfig config) {
        return read(config.ownKeys(), new Defaults(0.0001, 0.02, "linear", true, "sigmoid", "exp"));
    }

    static NoiseSchedule read(SchedulerKeys keys, Defaults defaults) {
        Betas asked = Betas.read(keys, defaults);
        synchronized (RECENT) {
            if (RECENT.size() >= MOST_RECENT) {
                RECENT.clear();
            }
            return RECENT.computeIfAbsent(asked, NoiseSchedule::of);
        }
    }

    private static NoiseSchedule of(Betas asked) {
        float[] betas = asked.rounded();
        double[] exactBetas = asked.exact(betas);
        if (asked.rescales()) {
            rescaleToZeroSnr(betas);
        }
        return new NoiseSchedule(betas, exactBetas, asked.rescales());
    }

    /** Training timesteps: the timesteps are 0 to one less than this. */
    public int length() {
        return alphasCumprod.length;
    }

    /** The variance of the noise that a timestep adds. */
    float beta(int timestep) {
        return betas[timestep];
    }

    /** The share of the clean latent's variance at a timestep. */
    public float alphaCumprod(int timestep) {
        return alphasCumprod[timestep];
    }

    /** A clean latent at a timestep: {@code sqrt(alpha) x0 + sqrt(1 - alpha) noise}, equation 4 of Ho et al. 2020. */
    public float[] addNoise(float[] original, float[] noise, int timestep) {
        float alpha = alphasCumprod[timestep];
        return Floats.mix(Floats.sqrt(alpha), original, Floats.sqrt(1 - alpha), noise);
    }

    /**
     * {@code sqrt((1 - alpha) / alpha)} at each timestep: the noise of Karras et al. 2022 (arXiv 2206.00927 calls its
     * negative logarithm lambda). A schedule that ends without signal ends at a large sigma instead of an infinite one.
     */
    float[] sigmas() {
        float[] sigmas = new float[alphasCumprod.length];
        for (int t = 0; t < sigmas.length; t++) {
            boolean noSignal = endsWithoutSignal && t == sigmas.length - 1;
            float alpha = noSignal ? 0x1p-24f : alphasCumprod[t];
            sigmas[t] = Floats.sqrt((1 - alpha) / alpha);
        }
        return sigmas;
    }

    /** {@link #sigmas} in float64, as ComfyUI computes them. Those of a schedule that ends without signal are of float32. */
    double[] exactSigmas() {
        float[] rounded = sigmas();
        double[] sigmas = new double[rounded.length];
        double product = 1;
        for (int t = 0; t < sigmas.length; t++) {
            product *= 1 - exactBetas[t];
            sigmas[t] = endsWithoutSignal ? rounded[t] : Math.sqrt((1 - product) / product);
        }
        return sigmas;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NoiseSchedule that
                && Arrays.equals(alphasCumprod, that.alphasCumprod)
                && endsWithoutSignal == that.endsWithoutSignal;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(alphasCumprod);
    }

    /** Algorithm 1 of Lin et al. 2023 (arXiv 2305.08891): the last timestep keeps no signal, the first keeps its own. */
    private static void rescaleToZeroSnr(float[] betas) {
        float[] roots = cumulativeProduct(betas);
        for (int t = 0; t < roots.length; t++) {
            roots[t] = Floats.sqrt(roots[t]);
        }
        float first = roots[0];
        float last = roots[roots.length - 1];
        float scale = first / (first - last);
        float alphaBefore = 1;
        for (int t = 0; t < roots.length; t++) {
            float root = (roots[t] - last) * scale;
            float alpha = root * root;
            betas[t] = 1 - alpha / alphaBefore;
            alphaBefore = alpha;
        }
    }

    /** Of 1 - beta; PyTorch accumulates float32 in float64 on a CPU. */
    private static float[] cumulativeProduct(float[] betas) {
        float[] products = new float[betas.length];
        double product = 1;
        for (int t = 0; t < betas.length; t++) {
            product *= 1 - betas[t];
            products[t] = (float) product;
        }
        return products;
    }
}

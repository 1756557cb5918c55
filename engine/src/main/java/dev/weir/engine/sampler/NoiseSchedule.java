package dev.weir.engine.sampler;

/**
 * How much of the clean latent is left at each training timestep: the cumulative product of 1 - beta, alpha bar of Ho
 * et al. 2020 (arXiv 2006.11239).
 *
 * <p>Computed in float32 where the reference does so, as the samplers divide by its smallest values. Immutable.
 */
public final class NoiseSchedule {

    private static final double MAX_BETA = 0.999;

    private final float[] alphasCumprod;

    private NoiseSchedule(float[] alphasCumprod) {
        this.alphasCumprod = alphasCumprod;
    }

    /** The schedule that a model was trained on. */
    public static NoiseSchedule of(SchedulerConfig config) {
        return of(config.training());
    }

    static NoiseSchedule of(SamplerConfig config) {
        float[] betas = betas(config);
        if (config.rescaleZeroSnr()) {
            rescaleToZeroSnr(betas);
        }
        return new NoiseSchedule(cumulativeProduct(betas));
    }

    /** Training timesteps: the timesteps are 0 to one less than this. */
    public int length() {
        return alphasCumprod.length;
    }

    /** The share of the clean latent's variance at a timestep. */
    public float alphaCumprod(int timestep) {
        return alphasCumprod[timestep];
    }

    /** A clean latent at a timestep: {@code sqrt(alpha) x0 + sqrt(1 - alpha) noise}, equation 4 of Ho et al. 2020. */
    public float[] addNoise(float[] original, float[] noise, int timestep) {
        float alpha = alphasCumprod[timestep];
        float signal = Floats.sqrt(alpha);
        float spread = Floats.sqrt(1 - alpha);
        float[] noisy = new float[original.length];
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = signal * original[i] + spread * noise[i];
        }
        return noisy;
    }

    /**
     * {@code sqrt((1 - alpha) / alpha)} at each timestep: the noise of Karras et al. 2022 (arXiv 2206.00927 calls its
     * negative logarithm lambda). A schedule that ends without signal ends at a large sigma instead of an infinite one.
     */
    float[] sigmas(SamplerConfig config) {
        float[] sigmas = new float[alphasCumprod.length];
        for (int t = 0; t < sigmas.length; t++) {
            boolean noSignal = config.rescaleZeroSnr() && t == sigmas.length - 1;
            float alpha = noSignal ? 0x1p-24f : alphasCumprod[t];
            sigmas[t] = Floats.sqrt((1 - alpha) / alpha);
        }
        return sigmas;
    }

    private static float[] betas(SamplerConfig config) {
        if (config.trainedBetas().length > 0) {
            return config.trainedBetas().clone();
        }
        int count = config.trainTimesteps();
        return switch (config.betaSchedule()) {
            case LINEAR -> Floats.linspace(config.betaStart(), config.betaEnd(), count);
            case SCALED_LINEAR -> {
                float[] roots = Floats.linspace(Math.sqrt(config.betaStart()), Math.sqrt(config.betaEnd()), count);
                for (int t = 0; t < count; t++) {
                    roots[t] *= roots[t];
                }
                yield roots;
            }
            case SQUAREDCOS_CAP_V2 -> squaredCosine(count);
        };
    }

    /** Equation 17 of Nichol and Dhariwal 2021 (arXiv 2102.09672). */
    private static float[] squaredCosine(int count) {
        float[] betas = new float[count];
        for (int t = 0; t < count; t++) {
            double ratio = cosineAlpha((t + 1.0) / count) / cosineAlpha((double) t / count);
            betas[t] = (float) Math.min(1 - ratio, MAX_BETA);
        }
        return betas;
    }

    private static double cosineAlpha(double time) {
        double cosine = Math.cos((time + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
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

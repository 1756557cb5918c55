package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.SamplerConfig.Spacing;

/** Denoising diffusion probabilistic models: Ho et al. 2020 (arXiv 2006.11239), equations 6, 7 and 15. */
final class DdpmSampler implements Sampler {

    private static final float LEAST_VARIANCE = 1e-20f;

    private final SamplerConfig config;
    private final NoiseSchedule schedule;
    private final int[] timesteps;

    DdpmSampler(SamplerConfig config, int steps) {
        this.config = config;
        schedule = NoiseSchedule.of(config);
        timesteps = Timesteps.whole(config, Spacing.LEADING, steps);
    }

    @Override
    public int steps() {
        return timesteps.length;
    }

    @Override
    public float timestep(int step) {
        return timesteps[step];
    }

    @Override
    public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
        int step = state.step();
        float alpha = schedule.alphaCumprod(timesteps[step]);
        float alphaNext = step + 1 < timesteps.length ? schedule.alphaCumprod(timesteps[step + 1]) : 1;
        float stepBeta = 1 - alpha / alphaNext;
        float[] original =
                config.prediction().original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), state.sample(), modelOutput);
        config.clip(original);

        float originalShare = Floats.sqrt(alphaNext) * stepBeta / (1 - alpha);
        float sampleShare = Floats.sqrt(alpha / alphaNext) * (1 - alphaNext) / (1 - alpha);
        float[] next = new float[original.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = originalShare * original[i] + sampleShare * state.sample()[i];
        }
        if (timesteps[step] > 0) {
            float deviation = deviation(alpha, alphaNext, stepBeta);
            float[] fresh = noise.normal(next.length);
            for (int i = 0; i < next.length; i++) {
                next[i] += deviation * fresh[i];
            }
        }
        return new Advance(new SamplerState(step + 1, next, state.history()), original);
    }

    private float deviation(float alpha, float alphaNext, float stepBeta) {
        float small = Math.max((1 - alphaNext) / (1 - alpha) * stepBeta, LEAST_VARIANCE);
        return switch (config.varianceType()) {
            case FIXED_SMALL -> Floats.sqrt(small);
            case FIXED_SMALL_LOG -> Floats.exp(0.5f * Floats.log(small));
            case FIXED_LARGE -> Floats.sqrt(stepBeta);
        };
    }
}

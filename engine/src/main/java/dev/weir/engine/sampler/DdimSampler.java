package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import dev.weir.engine.sampler.SamplerConfig.Spacing;

/**
 * Denoising diffusion implicit models: Song et al. 2020 (arXiv 2010.02502), equations 12 and 16.
 *
 * <p>Deterministic with eta 0; with eta 1 it draws as much noise as DDPM does.
 */
final class DdimSampler implements Sampler {

    private final SamplerConfig config;
    private final NoiseSchedule schedule;
    private final int[] timesteps;
    private final float eta;

    DdimSampler(SamplerConfig config, float eta, int steps) {
        this.config = config;
        this.eta = eta;
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
        float alpha = schedule.alphaCumprod(timesteps[state.step()]);
        float alphaNext = alphaAfter(timesteps[state.step()]);
        float signal = Floats.sqrt(alpha);
        float spread = Floats.sqrt(1 - alpha);
        float[] original = config.prediction().original(signal, spread, state.sample(), modelOutput);
        float[] predictedNoise = config.prediction().noise(signal, spread, state.sample(), modelOutput);
        config.clip(original);

        float variance = (1 - alphaNext) / (1 - alpha) * (1 - alpha / alphaNext); // equation 16, squared
        float deviation = eta * Floats.sqrt(variance);
        float nextSignal = Floats.sqrt(alphaNext);
        // Where all is noise, rounding may leave less than nothing for the direction.
        float direction = Floats.sqrt(Math.max(1 - alphaNext - deviation * deviation, 0));
        float[] next = new float[original.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = nextSignal * original[i] + direction * predictedNoise[i];
        }
        if (eta > 0) {
            float[] fresh = noise.normal(next.length);
            for (int i = 0; i < next.length; i++) {
                next[i] += deviation * fresh[i];
            }
        }
        return new Advance(new SamplerState(state.step() + 1, next, state.history()), original);
    }

    /** Of the timestep one even stride below, which for trailing and linspace need not be the next one visited. */
    private float alphaAfter(int timestep) {
        int next = timestep - config.trainTimesteps() / timesteps.length;
        return next >= 0 ? schedule.alphaCumprod(next) : config.finalAlphaOne() ? 1 : schedule.alphaCumprod(0);
    }
}

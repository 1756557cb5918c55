package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.List;

/**
 * Denoising diffusion implicit models: Song et al. 2020 (arXiv 2010.02502), equations 12 and 16.
 *
 * <p>A classifier's gradient changes the predicted noise as in algorithm 2 of Dhariwal and Nichol 2021 (arXiv 2105.05233).
 *
 * <p>Deterministic with eta 0; with eta 1 it draws as much noise as DDPM does.
 *
 * @param clippedNoise whether the noise is that of the clipped sample
 */
record DdimScheduler(
        NoiseSchedule noise,
        Timesteps timesteps,
        Prediction prediction,
        Clipping clipping,
        boolean finalAlphaOne,
        boolean clippedNoise)
        implements Scheduler {

    static final SchedulerType TYPE =
            SchedulerType.of("DDIMScheduler", DdimScheduler::read).named("ddim").withEta();

    private static DdimScheduler read(SchedulerKeys keys) {
        NoiseSchedule noise = NoiseSchedule.read(keys, NoiseSchedule.Defaults.RESCALABLE);
        return new DdimScheduler(
                noise,
                Timesteps.read(keys, Spacing.LEADING, List.of(Spacing.values()), noise.length()),
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE),
                Clipping.read(keys, true),
                keys.flag("set_alpha_to_one", true),
                keys.flag("use_clipped_model_output", false));
    }

    @Override
    public int mostSteps() {
        return noise.length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(timesteps.whole(run.steps()), run.eta().orElse(0f));
    }

    @Override
    public boolean takesGradient() {
        return true;
    }

    private final class Steps extends TimestepSampler {

        private final float eta;

        Steps(int[] visited, float eta) {
            super(noise, visited);
            this.eta = eta;
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            float alpha = noise.alphaCumprod(visited[state.step()]);
            float alphaNext = alphaAfter(state.step());
            float signal = Floats.sqrt(alpha);
            float spread = Floats.sqrt(1 - alpha);
            float[] original = prediction.original(signal, spread, state.sample(), modelOutput);
            float[] predictedNoise = prediction.noise(signal, spread, state.sample(), modelOutput);
            clipping.clip(original);
            if (clippedNoise) {
                predictedNoise = Prediction.SAMPLE.noise(signal, spread, state.sample(), original);
            }
            if (modelOutput.length > 2 * original.length) {
                for (int i = 0; i < original.length; i++) {
                    predictedNoise[i] -= spread * modelOutput[2 * original.length + i];
                }
                original = Prediction.EPSILON.original(signal, spread, state.sample(), predictedNoise);
            }

            float variance = (1 - alphaNext) / (1 - alpha) * (1 - alpha / alphaNext); // equation 16, squared
            float deviation = eta * Floats.sqrt(variance);
            // Where all is noise, rounding may leave less than nothing for the direction.
            float direction = Floats.sqrt(Math.max(1 - alphaNext - deviation * deviation, 0));
            float[] next = Floats.mix(Floats.sqrt(alphaNext), original, direction, predictedNoise);
            if (eta > 0) {
                next = Floats.mix(1, next, deviation, source.normal(next.length));
            }
            return new Advance(state.next(next), original);
        }

        @Override
        public boolean takesGradient() {
            return DdimScheduler.this.takesGradient();
        }

        /** Of the timestep one even stride below, which for trailing and linspace need not be the next one visited. */
        private float alphaAfter(int step) {
            int next = timesteps.spacing() == Spacing.FAST27
                    ? step + 1 < visited.length ? visited[step + 1] : -1
                    : visited[step] - noise.length() / visited.length;
            return next >= 0 ? noise.alphaCumprod(next) : finalAlphaOne ? 1 : noise.alphaCumprod(0);
        }
    }
}

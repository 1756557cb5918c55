package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Arrays;
import java.util.List;

/**
 * Denoising diffusion probabilistic models: Ho et al. 2020 (arXiv 2006.11239), equations 6, 7 and 15. The learned variances
 * are those of Nichol and Dhariwal 2021 (arXiv 2102.09672), equation 15; a classifier's gradient moves the mean as in algorithm 1 of
 * Dhariwal and Nichol 2021 (arXiv 2105.05233).
 */
record DdpmScheduler(
        NoiseSchedule noise, Timesteps timesteps, Prediction prediction, Clipping clipping, VarianceType varianceType)
        implements Scheduler {

    static final SchedulerType TYPE =
            SchedulerType.of("DDPMScheduler", DdpmScheduler::read).named("ddpm");

    private static final float LEAST_VARIANCE = 1e-20f;
    private static final NoiseSchedule.Defaults DEFAULTS =
            new NoiseSchedule.Defaults(0.0001, 0.02, "linear", true, "sigmoid");

    /** The variance of reverse steps. diffusers' fixed_large_log is the root of a negative number. */
    enum VarianceType {
        FIXED_SMALL,
        FIXED_SMALL_LOG,
        FIXED_LARGE,
        LEARNED,
        LEARNED_RANGE
    }

    private static DdpmScheduler read(SchedulerKeys keys) {
        NoiseSchedule noise = NoiseSchedule.read(keys, DEFAULTS);
        return new DdpmScheduler(
                noise,
                Timesteps.read(keys, Spacing.LEADING, noise.length()),
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE),
                Clipping.read(keys, true),
                keys.choice("variance_type", VarianceType.FIXED_SMALL, List.of(VarianceType.values())));
    }

    @Override
    public int mostSteps() {
        return noise.length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(timesteps.whole(run.steps()));
    }

    @Override
    public boolean takesGradient() {
        return true;
    }

    private final class Steps extends TimestepSampler {

        Steps(int[] visited) {
            super(noise, visited);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            int step = state.step();
            int size = state.sample().length;
            float alpha = noise.alphaCumprod(visited[step]);
            float alphaNext = alphaAfter(step);
            float stepBeta = 1 - alpha / alphaNext;
            float[] mean = Arrays.copyOf(modelOutput, size);
            float[] original = prediction.original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), state.sample(), mean);
            clipping.clip(original);

            float originalShare = Floats.sqrt(alphaNext) * stepBeta / (1 - alpha);
            float sampleShare = Floats.sqrt(alpha / alphaNext) * (1 - alphaNext) / (1 - alpha);
            float[] next = Floats.mix(originalShare, original, sampleShare, state.sample());
            if (modelOutput.length > 2 * size) {
                // Without noise the last step has no variance; it is guided by the smallest one, of the step before it.
                float small = smallVariance(visited[step] > 0 ? step : Math.max(0, step - 1));
                for (int i = 0; i < size; i++) {
                    float deviation = deviation(small, stepBeta, modelOutput, size + i);
                    next[i] += deviation * deviation * modelOutput[2 * size + i];
                }
            }
            if (visited[step] > 0) {
                float small = smallVariance(step);
                float[] fresh = source.normal(size);
                for (int i = 0; i < size; i++) {
                    next[i] += deviation(small, stepBeta, modelOutput, size + i) * fresh[i];
                }
            }
            return new Advance(state.next(next), original);
        }

        @Override
        public boolean takesGradient() {
            return DdpmScheduler.this.takesGradient();
        }

        private float alphaAfter(int step) {
            return step + 1 < visited.length ? noise.alphaCumprod(visited[step + 1]) : 1;
        }

        private float smallVariance(int step) {
            float alpha = noise.alphaCumprod(visited[step]);
            float alphaNext = alphaAfter(step);
            return Math.max((1 - alphaNext) / (1 - alpha) * (1 - alpha / alphaNext), LEAST_VARIANCE);
        }

        /**
         * @param index of the predicted variance in the output, for the types that have one. Where the network predicts none,
         *     diffusers raises an error; here the row fails as not finite, and others of its batch go on
         */
        private float deviation(float small, float large, float[] output, int index) {
            return switch (varianceType) {
                case FIXED_SMALL -> Floats.sqrt(small);
                case FIXED_SMALL_LOG -> Floats.exp(0.5f * Floats.log(small));
                case FIXED_LARGE -> Floats.sqrt(large);
                case LEARNED -> Floats.sqrt(predicted(output, index));
                case LEARNED_RANGE -> {
                    float share = (predicted(output, index) + 1) / 2;
                    yield Floats.exp(0.5f * (share * Floats.log(large) + (1 - share) * Floats.log(small)));
                }
            };
        }

        private static float predicted(float[] output, int index) {
            return index < output.length ? output[index] : Float.NaN;
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The ancestral sampling of unCLIP: Ramesh et al. 2022 (arXiv 2204.06125). DDPM's on the cosine schedule, with evenly
 * spaced timesteps that include both ends, and a variance that the network may predict.
 *
 * @param learnsVariance whether the network's output has a variance after its channels: equation 15 of Nichol and
 *     Dhariwal 2021 (arXiv 2102.09672)
 */
record UnclipScheduler(NoiseSchedule schedule, Prediction prediction, Clipping clipping, boolean learnsVariance)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("UnCLIPScheduler", UnclipScheduler::read)
            .named("unclip")
            .ofProcess(NoisingProcess.UNCLIP);

    private static final NoiseSchedule.Defaults DEFAULTS = new NoiseSchedule.Defaults(0, 0, "squaredcos_cap_v2", false);
    private static final float LEAST_VARIANCE = 1e-20f;

    private static UnclipScheduler read(SchedulerKeys keys) {
        keys.word("beta_schedule", "squaredcos_cap_v2");
        return new UnclipScheduler(
                NoiseSchedule.read(keys, DEFAULTS),
                Prediction.read(keys, Prediction.SAMPLE),
                Clipping.readRange(keys, true),
                keys.word("variance_type", "fixed_small_log", "learned_range").equals("learned_range"));
    }

    @Override
    public int mostSteps() {
        return schedule.length();
    }

    /** The spacing has two ends, so there is no run of one step. */
    @Override
    public Sampler sampler(Run run) {
        if (run.steps() < 2) {
            throw new IllegalArgumentException("unclip needs 2 steps or more");
        }
        int[] timesteps = new int[run.steps()];
        double stride = (schedule.length() - 1.0) / (run.steps() - 1);
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = (int) Math.rint((timesteps.length - 1 - i) * stride);
        }
        return new Steps(timesteps);
    }

    private final class Steps extends TimestepSampler {

        Steps(int[] visited) {
            super(schedule, visited);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float[] sample = state.sample();
            boolean isLast = step == visited.length - 1;
            float alpha = schedule.alphaCumprod(visited[step]);
            float alphaNext = isLast ? 1 : schedule.alphaCumprod(visited[step + 1]);
            boolean isNext = isLast || visited[step + 1] == visited[step] - 1;
            float stepBeta = isNext ? schedule.beta(visited[step]) : 1 - alpha / alphaNext;
            float[] original = prediction.original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), sample, modelOutput);
            clipping.clip(original);
            float originalShare = Floats.sqrt(alphaNext) * stepBeta / (1 - alpha);
            float sampleShare = Floats.sqrt(1 - stepBeta) * (1 - alphaNext) / (1 - alpha);
            float[] next = Floats.mix(originalShare, original, sampleShare, sample);
            if (!isLast) {
                float variance = (1 - alphaNext) / (1 - alpha) * stepBeta;
                float[] fresh = noise.normal(next.length);
                for (int i = 0; i < next.length; i++) {
                    float deviation = learnsVariance
                            ? learnedDeviation(variance, stepBeta, predicted(modelOutput, next.length + i))
                            : Floats.exp(0.5f * Floats.log(Math.max(variance, LEAST_VARIANCE)));
                    next[i] += deviation * fresh[i];
                }
            }
            return new Advance(state.next(next), original);
        }

        /** Where the network predicts no variance, the row fails as not finite. */
        private static float predicted(float[] output, int index) {
            return index < output.length ? output[index] : Float.NaN;
        }

        /** Between the least and the largest variance, by a number between -1 and 1. */
        private static float learnedDeviation(float least, float most, float predicted) {
            float share = (predicted + 1) / 2;
            return Floats.exp(0.5f * (share * Floats.log(most) + (1 - share) * Floats.log(least)));
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The multistep sampling of consistency models: Song et al. 2023 (arXiv 2303.01469), algorithm 1, on the noise levels of
 * Karras et al. 2022 (arXiv 2206.00364). Each step predicts x0 and adds fresh noise for the next level.
 *
 * @param noiseScale of the fresh noise
 * @param clips whether x0 is kept between -1 and 1
 */
record ConsistencyScheduler(int train, EdmLevels levels, double noiseScale, boolean clips) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("CMStochasticIterativeScheduler", ConsistencyScheduler::read)
            .named("consistency")
            .ofProcess(NoisingProcess.CONSISTENCY);

    private static final Clipping UNIT = new Clipping(1, 0, 0);

    private static ConsistencyScheduler read(SchedulerKeys keys) {
        return new ConsistencyScheduler(
                keys.whole("num_train_timesteps", 40, 2, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                EdmLevels.read(keys),
                keys.number("s_noise", 1, 0, Float.MAX_VALUE),
                keys.flag("clip_denoised", true));
    }

    @Override
    public int mostSteps() {
        return train;
    }

    @Override
    public Sampler sampler(Run run) {
        double[] sigmas = new double[run.steps()];
        int stride = train / run.steps();
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = levels.karras((double) (i * stride) / (train - 1));
        }
        return new Steps(sigmas);
    }

    private final class Steps implements Sampler {

        private final double[] sigmas;

        Steps(double[] sigmas) {
            this.sigmas = sigmas;
        }

        @Override
        public int steps() {
            return sigmas.length;
        }

        @Override
        public float initialNoiseScale() {
            return (float) levels.most();
        }

        @Override
        public float timestep(int step) {
            return (float) (1000 * 0.25 * Math.log(sigmas[step] + 1e-44));
        }

        @Override
        public float[] scaleInput(int step, float[] sample) {
            return levels.scaleInput((float) sigmas[step], sample);
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return Floats.mix(1, original, (float) sigmas[step], noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float sigma = (float) sigmas[state.step()];
            float data = (float) levels.data();
            float fromLeast = sigma - (float) levels.least();
            float variance = (float) (levels.data() * levels.data());
            float originalShare = fromLeast * data / Floats.sqrt(sigma * sigma + variance);
            float sampleShare = variance / (fromLeast * fromLeast + variance);
            float[] original = Floats.mix(originalShare, modelOutput, sampleShare, state.sample());
            if (clips) {
                UNIT.clip(original);
            }
            if (sigmas.length == 1) {
                return new Advance(state.next(original), original);
            }
            float[] fresh = noise.normal(original.length);
            float[] next = Floats.mix(1, original, deviationAfter(state.step()), fresh);
            return new Advance(state.next(next), original);
        }

        /** None after the last step, whose noise is drawn all the same. */
        private float deviationAfter(int step) {
            double next = step + 1 < sigmas.length ? sigmas[step + 1] : levels.least();
            float sigma = (float) Math.min(Math.max(next, levels.least()), levels.most());
            float more = sigma * sigma - (float) (levels.least() * levels.least());
            return Floats.sqrt(Math.max(more, 0)) * (float) noiseScale;
        }
    }
}

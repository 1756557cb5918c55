package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * The Euler-Maruyama predictor of the variance-preserving process: Song et al. 2021 (arXiv 2011.13456), section 4.1. The
 * network predicts the noise, and its timestep is 999 times the time, as in yang-song/score_sde.
 *
 * @param end of the times, which begin at 1
 */
record ScoreSdeVpScheduler(int train, double betaMin, double betaMax, double end) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("ScoreSdeVpScheduler", ScoreSdeVpScheduler::read)
            .named("score_sde_vp")
            .ofProcess(NoisingProcess.VARIANCE_PRESERVING);

    private static final float LAST_TIMESTEP = 999;

    private static ScoreSdeVpScheduler read(SchedulerKeys keys) {
        return new ScoreSdeVpScheduler(
                keys.whole("num_train_timesteps", 2000, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                keys.number("beta_min", 0.1, 0, Float.MAX_VALUE),
                keys.number("beta_max", 20, 0, Float.MAX_VALUE),
                keys.number("sampling_eps", 1e-3, 0, 1));
    }

    @Override
    public int mostSteps() {
        return train;
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(Floats.linspace(1, end, run.steps()));
    }

    private final class Steps implements Sampler {

        private final float[] times;

        Steps(float[] times) {
            this.times = times;
        }

        @Override
        public int steps() {
            return times.length;
        }

        @Override
        public float timestep(int step) {
            return times[step] * LAST_TIMESTEP;
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            float log = logSignal(times[step]);
            return Floats.mix(Floats.exp(log), original, spread(log), noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float time = times[state.step()];
            float log = logSignal(time);
            float spread = spread(log);
            float[] sample = state.sample();
            float[] original = Prediction.EPSILON.original(Floats.exp(log), spread, sample, modelOutput);
            float beta = (float) betaMin + time * (float) (betaMax - betaMin);
            float stride = 1f / times.length;
            float[] mean = Floats.mix(1 + 0.5f * beta * stride, sample, -beta / spread * stride, modelOutput);
            float[] fresh = noise.normal(mean.length);
            boolean isLast = state.step() == times.length - 1;
            float[] next = isLast ? mean : Floats.mix(1, mean, Floats.sqrt(beta) * Floats.sqrt(stride), fresh);
            return new Advance(state.next(next), original);
        }

        /** The logarithm of x0's share at a time: equation 33 of Song et al. */
        private float logSignal(float time) {
            return -0.25f * (time * time) * (float) (betaMax - betaMin) - 0.5f * time * (float) betaMin;
        }

        private static float spread(float logSignal) {
            return Floats.sqrt(1 - Floats.exp(2 * logSignal));
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;

/**
 * The predictor-corrector sampling of the variance-exploding process: Song et al. 2021 (arXiv 2011.13456), algorithms 2 and 4,
 * as ScoreSdeVePipeline of diffusers runs it. Each step calls the network for its Langevin corrections and once for the
 * prediction. The network is told the noise level and answers the score, the gradient of the log density.
 *
 * @param signalToNoise of a correction, which decides its step size
 * @param end of the times, which begin at 1
 */
record ScoreSdeVeScheduler(int train, double signalToNoise, double least, double most, double end, int corrections)
        implements Scheduler {

    private static final String CORRECTIONS = "correct_steps";

    static final SchedulerType TYPE = SchedulerType.of("ScoreSdeVeScheduler", ScoreSdeVeScheduler::read)
            .named("score_sde_ve", new Calls(2, 0), Map.of(CORRECTIONS, 1))
            .named("score_sde_ve_predictor", Calls.ONE_A_STEP, Map.of(CORRECTIONS, 0))
            .named("score_sde_ve_2_corrections", new Calls(3, 0), Map.of(CORRECTIONS, 2))
            .ofProcess(NoisingProcess.VARIANCE_EXPLODING);

    private static final int MOST_CORRECTIONS = 100;

    private static ScoreSdeVeScheduler read(SchedulerKeys keys) {
        return new ScoreSdeVeScheduler(
                keys.whole("num_train_timesteps", 2000, 1, NoiseSchedule.MOST_TRAIN_TIMESTEPS),
                keys.number("snr", 0.15, 0, Float.MAX_VALUE),
                keys.number("sigma_min", 0.01, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("sigma_max", 1348, Float.MIN_NORMAL, Float.MAX_VALUE),
                keys.number("sampling_eps", 1e-5, 0, 1),
                keys.whole(CORRECTIONS, 1, 0, MOST_CORRECTIONS));
    }

    @Override
    public int mostSteps() {
        return train;
    }

    /** The noise levels have two ends, so there is no run of one step. */
    @Override
    public Sampler sampler(Run run) {
        if (run.steps() < 2) {
            throw new IllegalArgumentException("score_sde_ve needs 2 steps or more");
        }
        return new Steps(run.steps());
    }

    private final class Steps implements Sampler {

        private final float[] sigmas;
        private final float[] diffusions;

        Steps(int steps) {
            float[] times = Floats.linspace(1, end, steps);
            float[] grid = Floats.linspace(Math.log(least), Math.log(most), steps);
            sigmas = new float[steps];
            diffusions = new float[steps];
            for (int i = 0; i < steps; i++) {
                sigmas[i] = (float) least * (float) Math.pow(most / least, times[i]);
                int at = (int) (times[i] * (steps - 1));
                float sigma = Floats.exp(grid[at]);
                float below = at == 0 ? 0 : Floats.exp(grid[at - 1]);
                diffusions[i] = Floats.sqrt(sigma * sigma - below * below);
            }
        }

        @Override
        public int steps() {
            return sigmas.length * order();
        }

        @Override
        public int order() {
            return corrections + 1;
        }

        @Override
        public float initialNoiseScale() {
            return (float) most;
        }

        @Override
        public float timestep(int step) {
            return sigmas[step / order()];
        }

        @Override
        public float[] addNoise(int step, float[] original, float[] noise) {
            return SigmaRun.addNoise(timestep(step), original, noise);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float sigma = timestep(state.step());
            float[] original = Floats.mix(1, state.sample(), sigma * sigma, modelOutput);
            float[] fresh = noise.normal(state.sample().length);
            boolean predicts = state.step() % order() == corrections;
            float[] next = predicts ? predicted(state, modelOutput, fresh) : corrected(state, modelOutput, fresh);
            return new Advance(state.next(next), original);
        }

        /** The last one adds no noise. */
        private float[] predicted(SamplerState state, float[] score, float[] fresh) {
            float diffusion = diffusions[state.step() / order()];
            float[] mean = Floats.mix(1, state.sample(), diffusion * diffusion, score);
            return state.step() == steps() - 1 ? mean : Floats.mix(1, mean, diffusion, fresh);
        }

        private float[] corrected(SamplerState state, float[] score, float[] fresh) {
            float ratio = (float) signalToNoise * norm(fresh) / norm(score);
            float size = ratio * ratio * 2;
            float[] mean = Floats.mix(1, state.sample(), size, score);
            return Floats.mix(1, mean, Floats.sqrt(size * 2), fresh);
        }

        private static float norm(float[] values) {
            double sum = 0;
            for (float value : values) {
                sum += (double) value * value;
            }
            return (float) Math.sqrt(sum);
        }
    }
}

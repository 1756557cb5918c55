package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * Trajectory consistency distillation: Zheng et al. 2024 (arXiv 2402.19159), algorithm 4. Each step goes below the next
 * timestep, by the share eta (gamma in the paper), and adds noise up to it.
 */
record TcdScheduler(NoiseSchedule schedule, DistilledTimesteps timesteps, Prediction prediction) implements Scheduler {

    static final SchedulerType TYPE =
            SchedulerType.of("TCDScheduler", TcdScheduler::read).named("tcd").withEta();

    private static final float DEFAULT_ETA = 0.3f;

    private static TcdScheduler read(SchedulerKeys keys) {
        NoiseSchedule schedule = NoiseSchedule.read(keys, LcmScheduler.DEFAULTS);
        return new TcdScheduler(
                schedule,
                DistilledTimesteps.read(keys, schedule.length()),
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE));
    }

    @Override
    public int mostSteps() {
        return timesteps.original();
    }

    @Override
    public boolean laysOutStrength() {
        return true;
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(timesteps.of(run.steps(), run.strength()), run.eta().orElse(DEFAULT_ETA));
    }

    private final class Steps extends TimestepSampler {

        private final float eta;

        Steps(int[] visited, float eta) {
            super(schedule, visited);
            this.eta = eta;
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            boolean isLast = step == visited.length - 1;
            int next = isLast ? 0 : visited[step + 1];
            int below = (int) ((1 - eta) * next);
            float alpha = schedule.alphaCumprod(visited[step]);
            float signal = Floats.sqrt(alpha);
            float spread = Floats.sqrt(1 - alpha);
            float[] original = prediction.original(signal, spread, state.sample(), modelOutput);
            float[] predictedNoise = prediction.noise(signal, spread, state.sample(), modelOutput);
            float[] sample = schedule.addNoise(original, predictedNoise, below);
            if (eta > 0 && !isLast) {
                float share = schedule.alphaCumprod(next) / schedule.alphaCumprod(below);
                sample = Floats.mix(Floats.sqrt(share), sample, Floats.sqrt(1 - share), noise.normal(sample.length));
            }
            return new Advance(state.next(sample), original);
        }
    }
}

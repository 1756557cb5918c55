package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * Latent consistency models: Luo et al. 2023 (arXiv 2310.04378), algorithm 3 of Song et al. 2023 (arXiv 2303.01469) on
 * discrete timesteps. Each step predicts x0, and all but the last add fresh noise for the next timestep.
 *
 * @param scaling of a timestep before the boundary conditions
 */
record LcmScheduler(
        NoiseSchedule schedule, DistilledTimesteps timesteps, Prediction prediction, Clipping clipping, double scaling)
        implements Scheduler {

    static final SchedulerType TYPE =
            SchedulerType.of("LCMScheduler", LcmScheduler::read).named("lcm").withSchedules(SigmaSpacing.comfyuiAnd());

    static final NoiseSchedule.Defaults DEFAULTS = new NoiseSchedule.Defaults(0.00085, 0.012, "scaled_linear", true);

    private static final float DATA_VARIANCE = 0.25f; // of sigma_data 0.5

    private static Scheduler read(SchedulerKeys keys) {
        SigmaSchedule ofComfyui = SigmaSchedule.read(keys, DEFAULTS, SigmaSpacing.comfyuiAnd());
        if (ofComfyui.spacing() != SigmaSpacing.NORMAL) {
            return new ComfyLcmScheduler(ofComfyui, Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE));
        }
        NoiseSchedule schedule = NoiseSchedule.read(keys, DEFAULTS);
        return new LcmScheduler(
                schedule,
                DistilledTimesteps.read(keys, schedule.length()),
                Prediction.read(keys, Prediction.V_PREDICTION, Prediction.SAMPLE),
                Clipping.read(keys, false),
                keys.number("timestep_scaling", 10, 0, Float.MAX_VALUE));
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
        return new Steps(timesteps.of(run.steps(), run.strength()));
    }

    private final class Steps extends TimestepSampler {

        Steps(int[] visited) {
            super(schedule, visited);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float alpha = schedule.alphaCumprod(visited[step]);
            float[] original =
                    prediction.original(Floats.sqrt(alpha), Floats.sqrt(1 - alpha), state.sample(), modelOutput);
            clipping.clip(original);
            float[] denoised = onBoundary(visited[step], original, state.sample());
            if (step == visited.length - 1) {
                return new Advance(state.next(denoised), denoised);
            }
            float[] next = schedule.addNoise(denoised, noise.normal(denoised.length), visited[step + 1]);
            return new Advance(state.next(next), denoised);
        }

        /** The consistency function, which is the identity at timestep 0: equation 9 of Luo et al. */
        private float[] onBoundary(int timestep, float[] original, float[] sample) {
            float scaled = timestep * (float) scaling;
            float sum = scaled * scaled + DATA_VARIANCE;
            return Floats.mix(scaled / Floats.sqrt(sum), original, DATA_VARIANCE / sum, sample);
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/** ComfyUI's sampler {@code lcm}: each step predicts x0, and all but the last add fresh noise. It has no boundary conditions. */
record ComfyLcmScheduler(SigmaSchedule schedule, Prediction prediction) implements Scheduler {

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.run(run.steps()));
    }

    private final class Steps extends SigmaSampler {

        Steps(SigmaRun run) {
            super(run);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            int step = state.step();
            float[] original = prediction.original(sigma(step), state.sample(), modelOutput);
            float next = sigma(step + 1);
            return new Advance(
                    state.next(next > 0 ? SigmaRun.addNoise(next, original, noise.normal(original.length)) : original),
                    original);
        }
    }
}

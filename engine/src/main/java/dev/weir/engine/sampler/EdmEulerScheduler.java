package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/** Euler's method on the formulation of Karras et al. 2022 (arXiv 2206.00364), without its churn. */
record EdmEulerScheduler(EdmSchedule schedule) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("EDMEulerScheduler", EdmEulerScheduler::read)
            .named("edm_euler")
            .ofProcess(NoisingProcess.EDM);

    private static EdmEulerScheduler read(SchedulerKeys keys) {
        return new EdmEulerScheduler(EdmSchedule.read(keys));
    }

    @Override
    public int mostSteps() {
        return EdmSchedule.MOST_STEPS;
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule, run.steps());
    }

    private static final class Steps extends EdmSampler {

        Steps(EdmSchedule schedule, int steps) {
            super(schedule, steps);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource noise) {
            float sigma = sigma(state.step());
            float[] original = original(state, modelOutput);
            float stride = sigma(state.step() + 1) - sigma;
            return new Advance(state.next(SigmaRun.euler(state.sample(), original, sigma, stride)), original);
        }
    }
}

package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/**
 * Euler's method below each noise level, and fresh noise back up to it: the ancestral sampling of Song et al. 2021
 * (arXiv 2011.13456, appendix F) on the sigmas of Karras et al. 2022 (arXiv 2206.00364).
 */
record EulerAncestralScheduler(SigmaSchedule schedule, Prediction prediction) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("EulerAncestralDiscreteScheduler", EulerAncestralScheduler::read)
            .named("euler_ancestral")
            .withSchedules(SigmaSpacing.comfyuiAnd());

    private static EulerAncestralScheduler read(SchedulerKeys keys) {
        return new EulerAncestralScheduler(
                SigmaSchedule.read(keys, NoiseSchedule.Defaults.RESCALABLE, SigmaSpacing.comfyuiAnd()),
                Prediction.read(keys, Prediction.V_PREDICTION));
    }

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
            float from = sigma(state.step());
            float to = sigma(state.step() + 1);
            Ancestral part = Ancestral.between(from, to);
            float[] original = prediction.original(from, state.sample(), modelOutput);
            float[] next = SigmaRun.euler(state.sample(), original, from, part.down() - from);
            return new Advance(state.next(Floats.mix(1, next, part.up(), noise.normal(next.length))), original);
        }
    }
}

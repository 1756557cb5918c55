package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;

/** DPM-Solver++ of orders 1 to 3 on the formulation of Karras et al. 2022 (arXiv 2206.00364), as in Playground 2.5. */
record EdmDpmMultistepScheduler(EdmSchedule schedule, DpmMultistep method) implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("EDMDPMSolverMultistepScheduler", EdmDpmMultistepScheduler::read)
            .named("edm_dpm_multistep")
            .ofProcess(NoisingProcess.EDM);

    private static EdmDpmMultistepScheduler read(SchedulerKeys keys) {
        EdmSchedule schedule = EdmSchedule.read(keys);
        DpmSolver solver = DpmSolver.read(keys, false, DpmAlgorithm.SDE_DPMSOLVER_PP);
        return new EdmDpmMultistepScheduler(schedule, DpmMultistep.read(keys, solver, DpmAlgorithm.SDE_DPMSOLVER_PP));
    }

    @Override
    public int mostSteps() {
        return EdmSchedule.MOST_STEPS;
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(run.steps());
    }

    private final class Steps extends EdmSampler {

        private final Level[] levels;

        Steps(int steps) {
            super(schedule, steps);
            levels = new Level[steps + 1];
            for (int i = 0; i < levels.length; i++) {
                // The network's input is scaled, so x0 keeps its own size at all levels.
                levels[i] = new Level(1, sigma(i), -Floats.log(sigma(i)));
            }
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            float[] original = original(state, modelOutput);
            method.solver().clipping().clip(original);
            return method.advance(levels, state, original, original, source);
        }
    }
}

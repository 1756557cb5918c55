package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.Map;
import java.util.TreeMap;

/** DPM-Solver and DPM-Solver++ of orders 1 to 3 on a schedule of betas. */
record DpmMultistepScheduler(SolverSchedule schedule, DpmMultistep method) implements Scheduler {

    private static final SigmaSpacing[] SPACINGS = SigmaSpacing.values();

    static final SchedulerType TYPE = SchedulerType.of("DPMSolverMultistepScheduler", DpmMultistepScheduler::read)
            .named(
                    "dpmpp_2m",
                    Calls.ONE_A_STEP,
                    decided(DpmAlgorithm.DPMSOLVER_PP, 2, Map.of("use_karras_sigmas", false)))
            .named(
                    "dpmpp_2m_karras",
                    Calls.ONE_A_STEP,
                    decided(DpmAlgorithm.DPMSOLVER_PP, 2, SigmaSpacing.KARRAS.decided()))
            .named("dpmpp_3m", Calls.ONE_A_STEP, decided(DpmAlgorithm.DPMSOLVER_PP, 3, Map.of()))
            .named("dpmpp_2m_sde", Calls.ONE_A_STEP, decided(DpmAlgorithm.SDE_DPMSOLVER_PP, 2, Map.of()))
            .named("dpmpp_3m_sde", Calls.ONE_A_STEP, decided(DpmAlgorithm.SDE_DPMSOLVER_PP, 3, Map.of()))
            .named("dpmsolver_multistep")
            .withSchedules(SPACINGS);

    private static Map<String, Object> decided(DpmAlgorithm algorithm, int order, Map<String, Object> more) {
        Map<String, Object> keys = new TreeMap<>(more);
        keys.put("algorithm_type", algorithm.word());
        keys.put("solver_order", order);
        return keys;
    }

    private static DpmMultistepScheduler read(SchedulerKeys keys) {
        SolverSchedule schedule = SolverSchedule.read(keys, NoiseSchedule.Defaults.RESCALABLE, SPACINGS)
                .clippedAt(keys.number("lambda_min_clipped", Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0))
                .roundingKarras(!keys.word("beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2")
                        .equals("squaredcos_cap_v2"))
                .endingAt(DpmSolver.endsAtLeast(keys) ? SolverSchedule.End.LEAST : SolverSchedule.End.ZERO);
        DpmSolver solver = DpmSolver.read(
                keys,
                schedule.isFlow(),
                DpmAlgorithm.DPMSOLVER,
                DpmAlgorithm.SDE_DPMSOLVER,
                DpmAlgorithm.SDE_DPMSOLVER_PP);
        return new DpmMultistepScheduler(schedule, DpmMultistep.read(keys, solver, DpmAlgorithm.SDE_DPMSOLVER));
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.levels(run.steps()));
    }

    private final class Steps extends SolverSampler {

        private final SolverSchedule.Levels run;

        Steps(SolverSchedule.Levels run) {
            super(run);
            this.run = run;
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            DpmSolver solver = method.solver();
            Level level = level(state.step());
            float[] original = solver.original(level, state.sample(), modelOutput);
            float[] value = solver.value(level, state.sample(), modelOutput, original);
            return method.advance(run.levels(), state, original, value, source);
        }
    }
}

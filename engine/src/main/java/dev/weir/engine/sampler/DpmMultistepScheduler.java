package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * DPM-Solver and DPM-Solver++ of orders 1 to 3, which combine the outputs of the last steps: Lu et al. 2022 (arXiv 2206.00927
 * and 2211.01095).
 *
 * <p>The first steps are of lower order for want of outputs, and so are the last ones of a short run.
 */
record DpmMultistepScheduler(
        SolverSchedule schedule, DpmSolver solver, int order, boolean lowerOrderFinal, boolean eulerAtFinal)
        implements Scheduler {

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

    private static final int FEW_STEPS = 15; // below this, the reference ends with first-order steps for stability
    private static final int MOST_ORDER = 3;
    private static final String OUTPUTS = "model_outputs";

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
                schedule.flowShift().isPresent(),
                DpmAlgorithm.DPMSOLVER,
                DpmAlgorithm.SDE_DPMSOLVER,
                DpmAlgorithm.SDE_DPMSOLVER_PP);
        int order = keys.whole("solver_order", 2, 1, MOST_ORDER);
        if (order == MOST_ORDER && solver.algorithm() == DpmAlgorithm.SDE_DPMSOLVER) {
            throw keys.wrong("solver_order", "3 with algorithm_type sde-dpmsolver");
        }
        return new DpmMultistepScheduler(
                schedule, solver, order, keys.flag("lower_order_final", true), keys.flag("euler_at_final", false));
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

        Steps(SolverSchedule.Levels run) {
            super(run);
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            int step = state.step();
            float[] original = solver.original(level(step), state.sample(), modelOutput);
            float[] value = solver.value(level(step), state.sample(), modelOutput, original);
            List<float[]> values = new ArrayList<>(state.recent(OUTPUTS));
            values.add(0, value);
            float[] noise = solver.draw(source, original.length);
            List<float[]> differences =
                    switch (Math.min(values.size(), orderAt(step))) {
                        case 1 -> List.of();
                        case 2 -> List.of(first(step, values));
                        default -> second(step, values);
                    };
            float[] next = solver.step(level(step), level(step + 1), state.sample(), value, differences, noise);
            List<float[]> kept = values.subList(0, Math.min(values.size(), order - 1));
            return new Advance(state.next(next, SamplerState.remember(OUTPUTS, kept)), original);
        }

        private int orderAt(int step) {
            int left = steps() - step;
            boolean few = lowerOrderFinal && steps() < FEW_STEPS;
            boolean first = left == 1 && (few || eulerAtFinal || schedule.end() == SolverSchedule.End.ZERO);
            return first ? 1 : left == 2 && few ? Math.min(order, 2) : order;
        }

        /** The stride in lambda of a step. */
        private float stride(int step) {
            return level(step + 1).lambda() - level(step).lambda();
        }

        private float[] first(int step, List<float[]> values) {
            return DpmSolver.difference(values.get(0), values.get(1), stride(step - 1) / stride(step));
        }

        private List<float[]> second(int step, List<float[]> values) {
            float ratio = stride(step - 1) / stride(step);
            float ratioBefore = stride(step - 2) / stride(step);
            float[] newer = DpmSolver.difference(values.get(0), values.get(1), ratio);
            float[] older = DpmSolver.difference(values.get(1), values.get(2), ratioBefore);
            float[] change = DpmSolver.difference(newer, older, 1);
            float[] slope = Floats.mix(1, newer, ratio / (ratio + ratioBefore), change);
            float[] curvature = Floats.mix(1 / (ratio + ratioBefore), change, 0, change);
            return List.of(slope, curvature);
        }
    }
}

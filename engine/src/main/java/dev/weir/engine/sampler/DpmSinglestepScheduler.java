package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * DPM-Solver and DPM-Solver++ in single steps: Lu et al. 2022 (arXiv 2206.00927 and 2211.01095). A step of order k is a group
 * of k network calls, which all start from the group's first sample.
 */
record DpmSinglestepScheduler(SolverSchedule schedule, DpmSolver solver, int order, boolean lowerOrderFinal)
        implements Scheduler {

    static final SchedulerType TYPE = SchedulerType.of("DPMSolverSinglestepScheduler", DpmSinglestepScheduler::read)
            .named("dpmpp_2s", Calls.ONE_A_STEP, decided(2))
            .named("dpmpp_3s", Calls.ONE_A_STEP, decided(3))
            .named("dpmsolver_singlestep")
            .withSchedules(SolverSchedule.ALL);

    private static final int MOST_ORDER = 3;
    private static final String OUTPUTS = "model_outputs";
    private static final String SAMPLE = "sample";

    private static Map<String, Object> decided(int order) {
        return Map.of("algorithm_type", DpmAlgorithm.DPMSOLVER_PP.word(), "solver_order", order);
    }

    private static DpmSinglestepScheduler read(SchedulerKeys keys) {
        SolverSchedule common = SolverSchedule.read(keys, NoiseSchedule.Defaults.PLAIN, SolverSchedule.ALL);
        SolverSchedule schedule = common.with(
                        new Timesteps(Spacing.LINSPACE, common.noise().length(), 0))
                .clippedAt(keys.number("lambda_min_clipped", Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, 0))
                .endingAt(DpmSolver.endsAtLeast(keys) ? SolverSchedule.End.LEAST : SolverSchedule.End.ZERO);
        DpmSolver solver =
                DpmSolver.read(keys, schedule.isFlow(), DpmAlgorithm.DPMSOLVER, DpmAlgorithm.SDE_DPMSOLVER_PP);
        if (!solver.algorithm().onOriginal() && !solver.clipping().equals(Clipping.NONE)) {
            throw keys.wrong("thresholding", "true with algorithm_type dpmsolver");
        }
        return new DpmSinglestepScheduler(
                schedule, solver, keys.whole("solver_order", 2, 1, MOST_ORDER), keys.flag("lower_order_final", false));
    }

    @Override
    public int mostSteps() {
        return schedule.noise().length();
    }

    @Override
    public Sampler sampler(Run run) {
        return new Steps(schedule.levels(run.steps()), orders(run.steps()));
    }

    /** The place of each call in its group. The last call is a group of its own where groups would end at the clean end. */
    private int[] orders(int steps) {
        int[] orders = new int[steps];
        for (int step = 0; step < steps; step++) {
            orders[step] = step % order + 1;
        }
        if (schedule.end() == SolverSchedule.End.ZERO || lowerOrderFinal && steps % order == 0) {
            orders[steps - 1] = 1;
        }
        return orders;
    }

    private final class Steps extends SolverSampler {

        private final int[] orders;

        Steps(SolverSchedule.Levels run, int[] orders) {
            super(run);
            this.orders = orders;
        }

        @Override
        public Advance advance(SamplerState state, float[] modelOutput, NoiseSource source) {
            int step = state.step();
            float[] original = solver.original(level(step), state.sample(), modelOutput);
            List<float[]> values = new ArrayList<>(state.recent(OUTPUTS));
            values.add(0, solver.value(level(step), state.sample(), modelOutput, original));
            float[] noise = solver.draw(source, original.length);
            // A run that begins in the middle of a group has no outputs of its start.
            int calls = Math.min(orders[step], values.size());
            float[] from = calls == 1 ? state.sample() : state.recall(SAMPLE);
            int first = step - calls + 1;
            float[] next = solver.step(
                    level(first),
                    level(step + 1),
                    from,
                    values.get(calls - 1),
                    differences(first, step, values),
                    noise);
            List<float[]> kept = values.subList(0, Math.min(values.size(), order - 1));
            Map<String, float[]> memory = new HashMap<>(SamplerState.remember(OUTPUTS, kept));
            memory.put(SAMPLE, from);
            return new Advance(state.next(next, memory), original);
        }

        /** Of the outputs from the first call of a group. */
        private List<float[]> differences(int first, int step, List<float[]> values) {
            int calls = step - first + 1;
            if (calls == 1) {
                return List.of();
            }
            float ratio = ratio(first, step, step + 1);
            float[] newest = DpmSolver.difference(values.get(0), values.get(calls - 1), ratio);
            if (calls == 2) {
                return List.of(newest);
            }
            float ratioBefore = ratio(first, step - 1, step + 1);
            float[] before = DpmSolver.difference(values.get(1), values.get(2), ratioBefore);
            // The midpoint method of third order has no curvature, and its slope counts as Heun's.
            return solver.heun()
                    ? curved(before, newest, ratio, ratioBefore)
                    : List.of(newest, new float[newest.length]);
        }

        /** The way to a level within a group, as a share of the way to the group's end. */
        private float ratio(int first, int to, int end) {
            float start = level(first).lambda();
            return (level(to).lambda() - start) / (level(end).lambda() - start);
        }

        private static List<float[]> curved(float[] before, float[] newest, float ratio, float ratioBefore) {
            float[] slope = new float[before.length];
            float[] curvature = new float[before.length];
            for (int i = 0; i < slope.length; i++) {
                slope[i] = (ratio * before[i] - ratioBefore * newest[i]) / (ratio - ratioBefore);
                curvature[i] = 2 * (newest[i] - before[i]) / (ratio - ratioBefore);
            }
            return List.of(slope, curvature);
        }
    }
}

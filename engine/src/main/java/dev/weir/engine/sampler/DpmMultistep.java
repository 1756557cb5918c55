package dev.weir.engine.sampler;

import dev.weir.engine.noise.NoiseSource;
import java.util.ArrayList;
import java.util.List;

/**
 * A step of the DPM-Solvers of orders 1 to 3 that combine the outputs of the last steps: Lu et al. 2022 (arXiv 2206.00927 and
 * 2211.01095).
 *
 * <p>The first steps are of lower order for want of outputs, and so are the last ones of a short run.
 */
record DpmMultistep(DpmSolver solver, int order, boolean lowerOrderFinal, boolean eulerAtFinal) {

    private static final int FEW_STEPS = 15; // below this, the reference ends with first-order steps for stability
    private static final int MOST_ORDER = 3;
    private static final String OUTPUTS = "model_outputs";

    static DpmMultistep read(SchedulerKeys keys, DpmSolver solver, DpmAlgorithm... untilSecondOrder) {
        // diffusers computes higher orders as the third.
        int order = Math.min(keys.whole("solver_order", 2, 1, Integer.MAX_VALUE), MOST_ORDER);
        if (order == MOST_ORDER && List.of(untilSecondOrder).contains(solver.algorithm())) {
            throw keys.wrong(
                    "solver_order",
                    "3 with algorithm_type " + solver.algorithm().word());
        }
        return new DpmMultistep(
                solver, order, keys.flag("lower_order_final", true), keys.flag("euler_at_final", false));
    }

    /**
     * @param levels of the whole run, and where its last step ends
     * @param original the predicted x0
     * @param value what the solver combines of the output
     */
    Sampler.Advance advance(Level[] levels, SamplerState state, float[] original, float[] value, NoiseSource source) {
        int step = state.step();
        List<float[]> values = new ArrayList<>(state.recent(OUTPUTS));
        values.add(0, value);
        float[] noise = solver.draw(source, original.length);
        List<float[]> differences =
                switch (Math.min(values.size(), orderAt(levels, step))) {
                    case 1 -> List.of();
                    case 2 -> List.of(first(levels, step, values));
                    default -> second(levels, step, values);
                };
        float[] next = solver.step(levels[step], levels[step + 1], state.sample(), value, differences, noise);
        List<float[]> kept = values.subList(0, Math.min(values.size(), order - 1));
        return new Sampler.Advance(state.next(next, SamplerState.remember(OUTPUTS, kept)), original);
    }

    private int orderAt(Level[] levels, int step) {
        int steps = levels.length - 1;
        int left = steps - step;
        boolean few = lowerOrderFinal && steps < FEW_STEPS;
        boolean isFirstOrder = left == 1 && (few || eulerAtFinal || levels[steps].spread() == 0);
        // The higher orders divide by the length of a step.
        return isFirstOrder || stride(levels, step) == 0 ? 1 : left == 2 && few ? Math.min(order, 2) : order;
    }

    /** The stride in lambda of a step. */
    private static float stride(Level[] levels, int step) {
        return levels[step + 1].lambda() - levels[step].lambda();
    }

    private static float[] first(Level[] levels, int step, List<float[]> values) {
        return DpmSolver.difference(values.get(0), values.get(1), stride(levels, step - 1) / stride(levels, step));
    }

    private static List<float[]> second(Level[] levels, int step, List<float[]> values) {
        float ratio = stride(levels, step - 1) / stride(levels, step);
        float ratioBefore = stride(levels, step - 2) / stride(levels, step);
        float[] newer = DpmSolver.difference(values.get(0), values.get(1), ratio);
        float[] older = DpmSolver.difference(values.get(1), values.get(2), ratioBefore);
        float[] change = DpmSolver.difference(newer, older, 1);
        float[] slope = Floats.mix(1, newer, ratio / (ratio + ratioBefore), change);
        float[] curvature = Floats.scale(1 / (ratio + ratioBefore), change);
        return List.of(slope, curvature);
    }
}

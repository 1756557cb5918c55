package dev.weir.bench.batching;

import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanRow;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.PlanState.Queue;
import dev.weir.serving.plan.Planner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Three ways to select rows in the same loop. All requests of the benchmark belong to one group. */
enum Mode implements Planner {

    /** One request at a time, in order of arrival. */
    SERIAL(new Serial()),

    /** A batch starts when the previous one is done, and nobody joins it later. */
    REQUEST(new ByRequest()),

    /** The product's own planner. */
    CONTINUOUS(new FairPlanner());

    private final Planner planner;

    Mode(Planner planner) {
        this.planner = planner;
    }

    @Override
    public <K> Plan<K> plan(PlanState<K> state) {
        return planner.plan(state);
    }

    /** Whether an image is delivered only when its whole batch is done. */
    boolean waitsForTheSlowest() {
        return this == REQUEST;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Without users and classes: running rows first, then the order of arrival. */
    private abstract static class ByArrival implements Planner {

        private static final Comparator<PlanRow<?>> ORDER =
                Comparator.<PlanRow<?>, Boolean>comparing(row -> !row.running()).thenComparingLong(PlanRow::arrival);

        /** @param inOrder not empty */
        abstract <K> List<PlanRow<K>> choose(Queue<K> queue, List<PlanRow<K>> inOrder);

        @Override
        public <K> Plan<K> plan(PlanState<K> state) {
            if (state.groups().isEmpty()) {
                return Plan.nothing();
            }
            Queue<K> queue = state.groups().get(0);
            List<PlanRow<K>> inOrder = queue.rows().stream().sorted(ORDER).toList();
            return new Plan<>(queue.group(), choose(queue, inOrder), List.of());
        }
    }

    private static final class Serial extends ByArrival {

        @Override
        <K> List<PlanRow<K>> choose(Queue<K> queue, List<PlanRow<K>> inOrder) {
            return List.of(inOrder.get(0));
        }
    }

    private static final class ByRequest extends ByArrival {

        @Override
        <K> List<PlanRow<K>> choose(Queue<K> queue, List<PlanRow<K>> inOrder) {
            if (inOrder.get(0).running()) {
                return inOrder.stream().filter(PlanRow::running).toList();
            }
            List<PlanRow<K>> chosen = new ArrayList<>();
            int left = queue.curve().cap();
            for (PlanRow<K> row : inOrder) {
                left -= row.cost();
                if (left < 0 && !chosen.isEmpty()) {
                    break;
                }
                chosen.add(row);
            }
            return chosen;
        }
    }
}

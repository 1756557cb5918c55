package dev.weir.tests.stages;

import dev.weir.serving.plan.FairPlanner;
import dev.weir.serving.plan.Plan;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.PlanState.Queue;
import dev.weir.serving.plan.Planner;
import dev.weir.serving.plan.StepCurve;

/** The product's planner with a device that takes the same time for many rows as for few, whatever was measured. */
record RoomyPlanner(int mostRows) implements Planner {

    @Override
    public <K> Plan<K> plan(PlanState<K> state) {
        StepCurve curve = StepCurve.unknown(mostRows).after(mostRows, 1);
        return new FairPlanner()
                .plan(new PlanState<>(
                        state.groups().stream()
                                .map(queue -> new Queue<>(queue.group(), curve, queue.rows()))
                                .toList(),
                        state.shares(),
                        state.nowMs()));
    }
}

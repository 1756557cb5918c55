package dev.weir.serving.plan;

/** Selects the rows of the next forward pass. A pure function: equal states give equal plans. */
public interface Planner {

    <K> Plan<K> plan(PlanState<K> state);
}

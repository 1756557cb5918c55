package dev.weir.serving.plan;

/** Chooses the rows of the next forward. A pure function: equal states give equal plans. */
public interface Planner {

    <K> Plan<K> plan(PlanState<K> state);
}

package dev.weir.serving.plan;

import java.util.List;

/**
 * One forward pass.
 *
 * @param group whose turn it is; null if there is nothing to do
 * @param chosen the participating rows, in the order of their selection
 * @param preempted rows that ran and now yield
 */
public record Plan<K>(BatchKey group, List<PlanRow<K>> chosen, List<PlanRow<K>> preempted) {

    public static <K> Plan<K> nothing() {
        return new Plan<>(null, List.of(), List.of());
    }

    /** Network rows of the forward pass. */
    public int cost() {
        return chosen.stream().mapToInt(PlanRow::cost).sum();
    }
}

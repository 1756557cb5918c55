package dev.weir.serving.plan;

import java.util.List;

/**
 * One forward.
 *
 * @param group whose turn it is; null where there is nothing to do
 * @param chosen the rows that take part, in the order in which they were chosen
 * @param preempted rows that ran and now yield
 */
public record Plan<K>(Group group, List<PlanRow<K>> chosen, List<PlanRow<K>> preempted) {

    public static <K> Plan<K> nothing() {
        return new Plan<>(null, List.of(), List.of());
    }

    /** Network rows of the forward. */
    public int cost() {
        return chosen.stream().mapToInt(PlanRow::cost).sum();
    }
}

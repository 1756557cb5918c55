package dev.weir.serving.plan;

import java.util.List;

/**
 * All that a plan depends on.
 *
 * @param groups those that have rows
 * @param shares device time used so far
 */
public record PlanState<K>(List<Queue<K>> groups, Shares shares, long nowMs) {

    /**
     * The rows of one group, running and waiting, in any order.
     *
     * @param curve how long a forward of the group takes, and how many network rows it may have
     */
    public record Queue<K>(Group group, StepCurve curve, List<PlanRow<K>> rows) {}
}

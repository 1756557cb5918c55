package dev.weir.serving.plan;

import java.util.List;

/**
 * The input of a plan.
 *
 * @param groups those that have rows
 * @param shares device time used so far
 */
public record PlanState<K>(List<Queue<K>> groups, Shares shares, long nowMs) {

    /**
     * The rows of one group, running and waiting, in any order.
     *
     * @param curve how long a forward pass of the group takes, and how many network rows it may have
     */
    public record Queue<K>(BatchKey group, StepCurve curve, List<PlanRow<K>> rows) {

        /** Network rows if all took part in one forward pass. */
        public int cost() {
            return rows.stream().mapToInt(PlanRow::cost).sum();
        }
    }

    /** Seconds until all rows are done, if no others arrive. */
    public double backlogSeconds() {
        double seconds = 0;
        for (Queue<K> queue : groups) {
            int left = queue.rows().stream()
                    .mapToInt(row -> row.stepsLeft() * row.cost())
                    .sum();
            seconds += queue.curve().secondsPerRow() * left;
        }
        return seconds;
    }

    /** Network rows of all groups. */
    public int cost() {
        return groups.stream().mapToInt(Queue::cost).sum();
    }

    /** Seconds until each row has made one step. */
    public double roundSeconds() {
        return groups.stream()
                .mapToDouble(queue -> queue.curve().round(queue.cost()))
                .sum();
    }
}

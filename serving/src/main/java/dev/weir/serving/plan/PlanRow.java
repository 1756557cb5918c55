package dev.weir.serving.plan;

/**
 * A sample, with what the selection of rows needs.
 *
 * @param key the caller's name for it
 * @param cost network rows of the next step
 * @param deadlineMs on the clock of {@link PlanState#nowMs}; every row has one, because it could otherwise wait behind
 *     other rows of its user forever
 * @param arrival increases with each sample; unique
 * @param running whether it took part in its group's last forward pass
 * @param begun whether it ever took part in one
 */
public record PlanRow<K>(
        K key,
        int cost,
        PriorityClass priority,
        String user,
        long deadlineMs,
        long arrival,
        int stepsLeft,
        boolean running,
        boolean begun) {

    /** A row that has not taken part in any forward pass. */
    public PlanRow(K key, int cost, PriorityClass priority, String user, long deadlineMs, long arrival, int stepsLeft) {
        this(key, cost, priority, user, deadlineMs, arrival, stepsLeft, false, false);
    }

    /** The row after a forward pass, whether it took part or not. */
    public PlanRow<K> after(int nowLeft, int nextCost, boolean runs) {
        return nowLeft == stepsLeft && nextCost == cost && runs == running
                ? this
                : new PlanRow<>(key, nextCost, priority, user, deadlineMs, arrival, nowLeft, runs, begun || runs);
    }
}

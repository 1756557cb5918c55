package dev.weir.serving.plan;

/**
 * A sample, as far as the choice of rows needs to know it.
 *
 * @param key whatever the caller knows it by
 * @param cost network rows that a step of it takes
 * @param deadlineMs on the clock of {@link PlanState#nowMs}; every row has one, else it could wait behind its user's others for
 *     ever
 * @param arrival rises with each sample that comes; no two rows have the same
 * @param running whether it took part in its group's last forward
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

    /** A row that has taken part in no forward. */
    public PlanRow(K key, int cost, PriorityClass priority, String user, long deadlineMs, long arrival, int stepsLeft) {
        this(key, cost, priority, user, deadlineMs, arrival, stepsLeft, false, false);
    }

    /** The row after a forward, whether it took part or not. */
    public PlanRow<K> after(int nowLeft, boolean runs) {
        return nowLeft == stepsLeft && runs == running
                ? this
                : new PlanRow<>(key, cost, priority, user, deadlineMs, arrival, nowLeft, runs, begun || runs);
    }
}

package dev.weir.serving.plan;

import dev.weir.runtime.stage.ServiceOrder;
import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.List;

/**
 * A row with its place among the rows of its user and class: the earliest due time first, then rows that have begun,
 * then the order of arrival.
 *
 * @param due in milliseconds, see {@link #of(Queue, long)}; {@link #NEVER} goes last
 */
record Entry<K>(PlanRow<K> row, long due) implements Comparable<Entry<K>> {

    static final long NEVER = Long.MAX_VALUE;

    /** A row yields no more when it can spare less than this, as estimates are not exact. */
    private static final long RESERVE_MS = 30_000;

    /**
     * All jobs of a cluster may take equally long, so deadlines are in the order of arrival. A row is due later the more work it has
     * left: rows of equal work are served in order, and a short one does not wait for the end of a long one. A row that may miss its
     * deadline goes before all that came later. It stays so while it runs, because then what it can spare stays the same. If it cannot
     * meet its deadline any more it goes last, because time for it would be taken from rows that can meet theirs.
     *
     * <p>What is left is counted in forward passes that all rows share, up to the limit.
     */
    static <K> List<Entry<K>> of(Queue<K> queue, long nowMs) {
        int shared = Math.min(queue.curve().cap(), queue.cost());
        List<Entry<K>> entries = new ArrayList<>(queue.rows().size());
        for (PlanRow<K> row : queue.rows()) {
            entries.add(of(row, queue.curve().seconds(Math.max(row.cost(), shared)), nowMs));
        }
        return entries;
    }

    private static <K> Entry<K> of(PlanRow<K> row, double forward, long nowMs) {
        double left = 1000 * row.stepsLeft() * forward;
        double spare = row.deadlineMs() - nowMs - left;
        if (spare < 0) {
            return new Entry<>(row, NEVER);
        }
        return new Entry<>(row, row.deadlineMs() + (spare < RESERVE_MS ? 0 : (long) (ServiceOrder.YIELDING * left)));
    }

    @Override
    public int compareTo(Entry<K> other) {
        if (due != other.due) {
            return Long.compare(due, other.due);
        }
        if (row.begun() != other.row.begun()) {
            return row.begun() ? -1 : 1;
        }
        return Long.compare(row.arrival(), other.row.arrival());
    }
}

package dev.weir.serving.plan;

/**
 * A row with its place among the rows of its user and class: the earliest deadline first, then rows that have begun,
 * then the order of arrival.
 *
 * @param due its deadline, or {@link #NEVER} if it cannot be met any more, because time for it would be taken from rows
 *     that can meet theirs
 */
record Entry<K>(PlanRow<K> row, long due) implements Comparable<Entry<K>> {

    static final long NEVER = Long.MAX_VALUE;

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

package dev.weir.serving.plan;

/**
 * A row with its place among its user's of the same class: the earliest deadline, then who has begun, then arrival.
 *
 * @param due its deadline, or {@link #NEVER} where that cannot be met any more: time for it would be taken from rows that can
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

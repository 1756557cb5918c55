package dev.weir.serving.plan;

/**
 * A row with its place among its user's: by class, then the earliest deadline, then whoever runs already, then arrival.
 *
 * @param rank of its class, lower first
 * @param due its deadline, or never where that cannot be met any more: time for it would be taken from rows that can
 */
record Entry<K>(PlanRow<K> row, int rank, long due) implements Comparable<Entry<K>> {

    @Override
    public int compareTo(Entry<K> other) {
        if (rank != other.rank) {
            return Integer.compare(rank, other.rank);
        }
        if (due != other.due) {
            return Long.compare(due, other.due);
        }
        if (row.running() != other.row.running()) {
            return row.running() ? -1 : 1;
        }
        return Long.compare(row.arrival(), other.row.arrival());
    }
}

package dev.weir.serving.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The rows of one user in one group, while a plan is made: which is next, and how much device time the user would then
 * have had.
 *
 * <p>A user's first running row keeps its place until it is done, so that many users with one picture each are served one
 * after another and not all at once slowly. A user's first row that waits goes before others' further rows, and those that run
 * before those that wait, as long as their user is not ahead by more than the patience of the others.
 */
final class Lane<K> implements Comparable<Lane<K>> {

    private final double patience;
    private final List<Entry<K>> added = new ArrayList<>(1);
    private Entry<K> head;
    /** All but the head, in order; made when a second row is asked for, which of most lanes it is not. */
    private PriorityQueue<Entry<K>> rest;

    private double used;
    private boolean first = true;

    /**
     * @param used seconds that the user had of the device
     * @param patience in seconds
     */
    Lane(double used, double patience) {
        this.used = used;
        this.patience = patience;
    }

    void add(Entry<K> entry) {
        added.add(entry);
        if (head == null || entry.compareTo(head) < 0) {
            head = entry;
        }
    }

    Entry<K> head() {
        return head;
    }

    boolean isEmpty() {
        return head == null;
    }

    /** Takes the head into the forward, at so many seconds of the device. */
    PlanRow<K> take(double charge) {
        used += charge;
        first = false;
        PlanRow<K> row = head.row();
        if (rest == null) {
            rest = new PriorityQueue<>(added);
            rest.poll();
        }
        head = rest.poll();
        return row;
    }

    private boolean keepsItsPlace() {
        return first && head().row().running();
    }

    private double standing() {
        return first || head().row().running() ? used - patience : used;
    }

    @Override
    public int compareTo(Lane<K> other) {
        if (head().rank() != other.head().rank()) {
            return Integer.compare(head().rank(), other.head().rank());
        }
        if (keepsItsPlace() != other.keepsItsPlace()) {
            return keepsItsPlace() ? -1 : 1;
        }
        int byStanding = Double.compare(standing(), other.standing());
        return byStanding != 0 ? byStanding : head().compareTo(other.head());
    }
}

package dev.weir.serving.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The rows of one user in one class, while a forward is filled: which is next, and how much device time the user would then
 * have had.
 *
 * <p>A user's first row that has begun keeps its place until it is done, so that many users with one picture each are served
 * one after another and not all at once slowly. A user's first row that waits goes before others' further rows, and those that
 * have begun before those that have not, as long as their user is not ahead by more than the patience of the others.
 */
final class Lane<K> implements Comparable<Lane<K>> {

    private final double patience;
    private final List<Entry<K>> added = new ArrayList<>(1);
    private Entry<K> head;
    private Entry<K> newcomer;
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

    /** By what the users had, then by their newcomers' own places. */
    static <K> Comparator<Lane<K>> byNewcomer() {
        return (a, b) -> a.used != b.used ? Double.compare(a.used, b.used) : a.newcomer.compareTo(b.newcomer);
    }

    void add(Entry<K> entry) {
        added.add(entry);
        if (head == null || entry.compareTo(head) < 0) {
            head = entry;
        }
        if (!entry.row().begun() && (newcomer == null || entry.compareTo(newcomer) < 0)) {
            newcomer = entry;
        }
    }

    double used() {
        return used;
    }

    /** The next row; not of an empty lane. */
    PlanRow<K> head() {
        return head.row();
    }

    /** The first of the rows that have not begun; null where there is none. */
    PlanRow<K> newcomer() {
        return newcomer == null ? null : newcomer.row();
    }

    boolean isEmpty() {
        return head == null;
    }

    /** Takes the head into the forward, at so many seconds of the device. */
    PlanRow<K> take(double charge) {
        used += charge;
        first = false;
        Entry<K> taken = head;
        remove(taken);
        return taken.row();
    }

    /** Takes the newcomer instead; to be called once, before any {@link #take}. The user's first row stays the first. */
    PlanRow<K> takeNewcomer(double charge) {
        used += charge;
        remove(newcomer);
        return newcomer.row();
    }

    private void remove(Entry<K> entry) {
        if (added.size() == 1) {
            head = null;
            return;
        }
        if (rest == null) {
            rest = new PriorityQueue<>(added);
            rest.poll();
        }
        if (entry == head) {
            head = rest.poll();
        } else {
            rest.remove(entry);
        }
    }

    private boolean keepsItsPlace() {
        return first && head.row().begun();
    }

    private double standing() {
        return first || head.row().begun() ? used - patience : used;
    }

    @Override
    public int compareTo(Lane<K> other) {
        boolean keeps = keepsItsPlace();
        if (keeps != other.keepsItsPlace()) {
            return keeps ? -1 : 1;
        }
        int byStanding = keeps ? 0 : Double.compare(standing(), other.standing());
        return byStanding != 0 ? byStanding : head.compareTo(other.head);
    }
}

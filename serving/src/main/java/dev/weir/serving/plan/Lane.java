package dev.weir.serving.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The rows of one user in one class, while a forward pass is filled: which is next, and how much device time the user
 * would then have had.
 *
 * <p>A user of whom a row has begun keeps the place until it is done, so that many users with one image each are served
 * one after another and not all at once slowly. A shorter row of the user may take it. The first waiting row of a user goes before further rows of others, and
 * begun rows go before others, as long as their user is not ahead by more than the others' patience.
 */
final class Lane<K> implements Comparable<Lane<K>> {

    private final double patience;
    private final List<Entry<K>> added = new ArrayList<>(1);
    private Entry<K> head;
    private Entry<K> newcomer;
    /** All rows except the head, in order. Computed when a second row is needed, which most lanes never need. */
    private PriorityQueue<Entry<K>> rest;

    private double used;
    private boolean first = true;
    private boolean begun;

    /**
     * @param used seconds of the device that the user has had
     * @param patience in seconds
     */
    Lane(double used, double patience) {
        this.used = used;
        this.patience = patience;
    }

    /** By the users' device time, then by the places of their newcomers. */
    static <K> Comparator<Lane<K>> byNewcomer() {
        return (a, b) -> a.used != b.used ? Double.compare(a.used, b.used) : a.newcomer.compareTo(b.newcomer);
    }

    void add(Entry<K> entry) {
        added.add(entry);
        begun |= entry.row().begun();
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

    /** The next row. The lane must not be empty. */
    PlanRow<K> head() {
        return head.row();
    }

    /** The first of the rows that have not begun. Null if there is none. */
    PlanRow<K> newcomer() {
        return newcomer == null ? null : newcomer.row();
    }

    boolean isEmpty() {
        return head == null;
    }

    /** Takes the head into the forward pass, at the cost of so many seconds of the device. */
    PlanRow<K> take(double charge) {
        used += charge;
        first = false;
        Entry<K> taken = head;
        remove(taken);
        return taken.row();
    }

    /** Takes the newcomer instead. Call it once, before any {@link #take}. The user's first row stays the first. */
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
        return first && begun;
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

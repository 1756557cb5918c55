package dev.weir.serving.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * One forward pass while it is filled, class by class, the most urgent first.
 *
 * <p>A request waits for a step and not for whole images of others. A quarter of the forward pass is for samples that
 * have not begun. They go before running ones, until as many samples have begun as {@value #BEGUN} forward passes hold.
 * Displaced rows continue in the next forward pass and lose nothing, because latents are on the host.
 *
 * <p>No row starves: rows that fit into the remaining room do not overtake one that does not fit, unless they have
 * begun.
 */
final class Choice<K> {

    private static final int NEWCOMERS = 4;
    /** The least that is reserved for them: one guided row. */
    private static final int GUIDED = 2;

    private static final int BEGUN = 2;
    /**
     * The time, in forward passes, by which a user may be ahead before the user's running rows yield to waiting ones.
     */
    private static final double PATIENCE = 8;

    private final List<Entry<K>> entries;
    private final Shares shares;
    private final double secondsPerRow;
    private final double patience;
    private final List<PlanRow<K>> chosen = new ArrayList<>();
    private int left;
    private int newcomers;
    private boolean closed;

    /**
     * @param entries all rows of the group
     * @param curve the group's
     */
    Choice(List<Entry<K>> entries, StepCurve curve, Shares shares) {
        this.entries = entries;
        this.shares = shares;
        int cap = curve.cap();
        double forward = curve.seconds(cap);
        this.secondsPerRow = forward / cap;
        this.patience = PATIENCE * forward;
        this.left = cap;
        int costliest = Math.max(GUIDED, costliest());
        int held = Math.max(cap, costliest); // A row that costs more than the limit runs alone.
        int places = Math.min(Math.max(costliest, cap / NEWCOMERS), BEGUN * held - begun());
        this.newcomers = places >= cap && isWaitingToContinue() ? 0 : places;
    }

    private int costliest() {
        int cost = 0;
        for (Entry<K> entry : entries) {
            cost = Math.max(cost, entry.row().cost());
        }
        return cost;
    }

    /** Network rows of samples that have begun, without those that will let newcomers pass. */
    private int begun() {
        long due = Entry.NEVER;
        for (Entry<K> entry : entries) {
            due = entry.row().begun() ? due : Math.min(due, entry.due());
        }
        int begun = 0;
        for (Entry<K> entry : entries) {
            begun += entry.row().begun() && entry.due() <= due ? entry.row().cost() : 0;
        }
        return begun;
    }

    /** Whether newcomers had all of the last forward pass, so that samples which have begun would never continue. */
    private boolean isWaitingToContinue() {
        boolean waits = false;
        for (Entry<K> entry : entries) {
            if (entry.row().running()) {
                return false;
            }
            waits |= entry.row().begun();
        }
        return waits;
    }

    List<PlanRow<K>> rows() {
        return List.copyOf(chosen);
    }

    /** Takes as many rows of one class as find room. */
    void take(List<Entry<K>> ofClass) {
        if (ofClass.isEmpty() || closed || left <= 0) {
            return;
        }
        Collection<Lane<K>> lanes = lanes(ofClass);
        takeNewcomers(lanes);
        PriorityQueue<Lane<K>> order = new PriorityQueue<>(Math.max(1, lanes.size()));
        for (Lane<K> lane : lanes) {
            if (!lane.isEmpty()) {
                order.add(lane);
            }
        }
        while (left > 0 && !order.isEmpty()) {
            Lane<K> lane = order.poll();
            if (lane.head().cost() > left && !chosen.isEmpty()) {
                fillWithBegun();
                closed = true;
                return;
            }
            enter(lane.take(charge(lane.head())));
            if (!lane.isEmpty()) {
                order.add(lane);
            }
        }
    }

    /** One row of each user that is not ahead of another by more than the patience. */
    private void takeNewcomers(Collection<Lane<K>> lanes) {
        if (newcomers <= 0) {
            return;
        }
        double least = Double.POSITIVE_INFINITY;
        for (Lane<K> lane : lanes) {
            least = Math.min(least, lane.used());
        }
        PriorityQueue<Lane<K>> order = new PriorityQueue<>(Lane.byNewcomer());
        for (Lane<K> lane : lanes) {
            if (lane.newcomer() != null && lane.used() <= least + patience) {
                order.add(lane);
            }
        }
        while (!order.isEmpty()) {
            Lane<K> lane = order.poll();
            int cost = lane.newcomer().cost();
            if (cost > newcomers || cost > left && !chosen.isEmpty()) {
                return;
            }
            newcomers -= cost;
            enter(lane.takeNewcomer(charge(lane.newcomer())));
        }
    }

    private void enter(PlanRow<K> row) {
        chosen.add(row);
        left -= row.cost();
    }

    private double charge(PlanRow<K> row) {
        return row.cost() * secondsPerRow / shares.weight(row.user());
    }

    private Collection<Lane<K>> lanes(List<Entry<K>> ofClass) {
        Map<String, Lane<K>> lanes = new HashMap<>();
        for (Entry<K> entry : ofClass) {
            String user = entry.row().user();
            Lane<K> lane = lanes.get(user);
            if (lane == null) {
                lane = new Lane<>(shares.used(user), patience);
                lanes.put(user, lane);
            }
            lane.add(entry);
        }
        return lanes.values();
    }

    /** Lets rows that have begun continue in the room that is too small for the next row. */
    private void fillWithBegun() {
        PriorityQueue<Entry<K>> begun = new PriorityQueue<>();
        for (Entry<K> entry : entries) {
            if (entry.row().begun() && entry.row().cost() <= left && !isChosen(entry.row())) {
                begun.add(entry);
            }
        }
        while (left > 0 && !begun.isEmpty()) {
            PlanRow<K> row = begun.poll().row();
            if (row.cost() <= left) {
                enter(row);
            }
        }
    }

    private boolean isChosen(PlanRow<K> row) {
        for (PlanRow<K> other : chosen) {
            if (other == row) {
                return true;
            }
        }
        return false;
    }
}

package dev.weir.serving.plan;

import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The planner of the product. In this order: the more urgent class; the user who had less of the device for their weight;
 * the earlier deadline; whoever runs already; whoever came first. Of groups of the same urgency the one that had less.
 *
 * <p>No class starves: one that was passed over for {@value #AGEING} forwards' time goes first in the next. No row starves: a
 * row that does not fit in what is left of the cap is not overtaken by rows that do, unless they run already.
 */
public final class FairPlanner implements Planner {

    private static final double AGEING = 15;
    /** Forwards' time by which a user may be ahead before what they run yields to who waits. */
    private static final double PATIENCE = 8;

    private static final int AGED = -1;
    private static final Comparator<PlanRow<?>> BY_ARRIVAL = Comparator.comparingLong(PlanRow::arrival);

    @Override
    public <K> Plan<K> plan(PlanState<K> state) {
        PriorityClass aged = aged(state);
        Queue<K> turn = null;
        int urgency = Integer.MAX_VALUE;
        for (Queue<K> queue : state.groups()) {
            int rank =
                    queue.rows().stream().mapToInt(row -> rank(row, aged)).min().orElse(Integer.MAX_VALUE);
            if (rank < urgency || rank == urgency && turn != null && isBefore(queue, turn, state.shares())) {
                turn = queue;
                urgency = rank;
            }
        }
        if (turn == null) {
            return Plan.nothing();
        }
        List<PlanRow<K>> chosen = choose(turn, aged, state);
        return new Plan<>(turn.group(), chosen, preempted(state, turn, chosen, urgency, aged));
    }

    private static int urgency(Queue<?> queue, PriorityClass aged) {
        int urgency = Integer.MAX_VALUE;
        for (PlanRow<?> row : queue.rows()) {
            urgency = Math.min(urgency, rank(row, aged));
        }
        return urgency;
    }

    private static <K> boolean isBefore(Queue<K> queue, Queue<K> other, Shares shares) {
        int byUse = Double.compare(shares.used(queue.group()), shares.used(other.group()));
        return byUse != 0 ? byUse < 0 : firstArrival(queue) < firstArrival(other);
    }

    private static long firstArrival(Queue<?> queue) {
        return queue.rows().stream().mapToLong(PlanRow::arrival).min().orElse(Long.MAX_VALUE);
    }

    /** The class that was passed over for longest, in its own forwards' time; null where none was for long. */
    private static PriorityClass aged(PlanState<?> state) {
        PriorityClass aged = null;
        double most = AGEING;
        for (PriorityClass priority : PriorityClass.values()) {
            double passed = state.shares().passedOver(priority);
            if (passed == 0) {
                continue;
            }
            double forward = 0;
            for (Queue<?> queue : state.groups()) {
                if (queue.rows().stream().anyMatch(row -> row.priority() == priority)) {
                    forward = Math.max(
                            forward, queue.curve().seconds(queue.curve().cap()));
                }
            }
            if (forward > 0 && passed / forward >= most) {
                aged = priority;
                most = passed / forward;
            }
        }
        return aged;
    }

    private static int rank(PlanRow<?> row, PriorityClass aged) {
        return row.priority() == aged ? AGED : row.priority().ordinal();
    }

    private static <K> List<PlanRow<K>> choose(Queue<K> queue, PriorityClass aged, PlanState<K> state) {
        int cap = queue.curve().cap();
        double forward = queue.curve().seconds(cap);
        PriorityQueue<Lane<K>> lanes = new PriorityQueue<>(lanes(queue, aged, state, PATIENCE * forward));
        List<PlanRow<K>> chosen = new ArrayList<>();
        int left = cap;
        while (left > 0 && !lanes.isEmpty()) {
            Lane<K> lane = lanes.poll();
            PlanRow<K> next = lane.head().row();
            if (next.cost() > left && !chosen.isEmpty()) {
                fillWithRunning(queue, chosen, left);
                break;
            }
            chosen.add(next);
            left -= next.cost();
            lane.take(next.cost() * forward / cap / state.shares().weight(next.user()));
            if (!lane.isEmpty()) {
                lanes.add(lane);
            }
        }
        return List.copyOf(chosen);
    }

    private static <K> Collection<Lane<K>> lanes(
            Queue<K> queue, PriorityClass aged, PlanState<K> state, double patience) {
        StepCurve curve = queue.curve();
        Map<String, Lane<K>> lanes = new HashMap<>(2 * queue.rows().size());
        for (PlanRow<K> row : queue.rows()) {
            Lane<K> lane = lanes.get(row.user());
            if (lane == null) {
                lane = new Lane<>(state.shares().used(row.user()), patience);
                lanes.put(row.user(), lane);
            }
            double soonest = state.nowMs() + 1000 * row.stepsLeft() * curve.seconds(row.cost());
            long due = soonest > row.deadlineMs() ? Long.MAX_VALUE : row.deadlineMs();
            lane.add(new Entry<>(row, rank(row, aged), due));
        }
        return lanes.values();
    }

    /** Lets rows that run already go on in the room that the next row is too large for. */
    private static <K> void fillWithRunning(Queue<K> queue, List<PlanRow<K>> chosen, int room) {
        Set<PlanRow<K>> taken = identities(chosen);
        List<PlanRow<K>> running = queue.rows().stream()
                .filter(row -> row.running() && !taken.contains(row))
                .sorted(BY_ARRIVAL)
                .toList();
        int left = room;
        for (PlanRow<K> row : running) {
            if (row.cost() <= left) {
                chosen.add(row);
                left -= row.cost();
            }
        }
    }

    /** Rows that lose their place: left out of their own group's forward, or of another's that a more urgent class asked for. */
    private static <K> List<PlanRow<K>> preempted(
            PlanState<K> state, Queue<K> turn, List<PlanRow<K>> chosen, int urgency, PriorityClass aged) {
        Set<PlanRow<K>> taken = identities(chosen);
        List<PlanRow<K>> preempted = new ArrayList<>();
        for (Queue<K> queue : state.groups()) {
            for (PlanRow<K> row : queue.rows()) {
                boolean yields = queue == turn ? !taken.contains(row) : rank(row, aged) > urgency;
                if (row.running() && yields) {
                    preempted.add(row);
                }
            }
        }
        preempted.sort(BY_ARRIVAL);
        return List.copyOf(preempted);
    }

    private static <K> Set<PlanRow<K>> identities(List<PlanRow<K>> rows) {
        Set<PlanRow<K>> identities = Collections.newSetFromMap(new IdentityHashMap<>());
        identities.addAll(rows);
        return identities;
    }
}

package dev.weir.serving.plan;

import dev.weir.runtime.stage.ServiceOrder;
import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * The product's planner. Its order is: the more urgent class; to a small part, samples that have not begun; the user
 * who has had less of the device for their weight; the order of arrival, in which short samples pass long ones; samples that
 * have begun.
 * Among groups of the same urgency, the one that has had less goes first. {@link Choice} fills a forward pass.
 *
 * <p>No class starves: one that was passed over for {@value ServiceOrder#AGEING} forward passes' time goes first in the next.
 */
public final class FairPlanner implements Planner {

    private static final int AGED = -1;
    private static final int RANKS = 1 + PriorityClass.values().length;
    private static final PriorityClass[] CLASSES = PriorityClass.values();
    private static final Comparator<PlanRow<?>> BY_ARRIVAL = Comparator.comparingLong(PlanRow::arrival);

    @Override
    public <K> Plan<K> plan(PlanState<K> state) {
        PriorityClass aged = aged(state);
        Queue<K> turn = null;
        int urgency = Integer.MAX_VALUE;
        for (Queue<K> queue : state.groups()) {
            int rank = urgency(queue, aged);
            if (rank < urgency || rank == urgency && turn != null && isBefore(queue, turn, state.shares())) {
                turn = queue;
                urgency = rank;
            }
        }
        if (turn == null) {
            return Plan.nothing();
        }
        List<Entry<K>> entries = Entry.of(turn, state.nowMs());
        Choice<K> choice = new Choice<>(entries, turn.curve(), state.shares());
        byRank(entries, aged).forEach(choice::take);
        return new Plan<>(turn.group(), choice.rows(), preempted(state, turn, choice.rows(), urgency, aged));
    }

    private static int urgency(Queue<?> queue, PriorityClass aged) {
        int urgency = Integer.MAX_VALUE;
        for (PlanRow<?> row : queue.rows()) {
            urgency = Math.min(urgency, rank(row, aged));
        }
        return urgency;
    }

    private static boolean isBefore(Queue<?> queue, Queue<?> other, Shares shares) {
        int byUse = Double.compare(shares.used(queue.group()), shares.used(other.group()));
        return byUse != 0 ? byUse < 0 : firstArrival(queue) < firstArrival(other);
    }

    private static long firstArrival(Queue<?> queue) {
        return queue.rows().stream().mapToLong(PlanRow::arrival).min().orElse(Long.MAX_VALUE);
    }

    /** The class that was passed over for longest. Null if none was for long. */
    private static PriorityClass aged(PlanState<?> state) {
        PriorityClass aged = null;
        double most = ServiceOrder.AGEING;
        for (PriorityClass priority : CLASSES) {
            double passed = state.shares().passedOver(priority);
            if (passed >= most) {
                aged = priority;
                most = passed;
            }
        }
        return aged;
    }

    private static int rank(PlanRow<?> row, PriorityClass aged) {
        return row.priority() == aged ? AGED : row.priority().ordinal();
    }

    private static <K> List<List<Entry<K>>> byRank(List<Entry<K>> entries, PriorityClass aged) {
        List<List<Entry<K>>> ranks = new ArrayList<>(RANKS);
        for (int i = 0; i < RANKS; i++) {
            ranks.add(new ArrayList<>());
        }
        for (Entry<K> entry : entries) {
            ranks.get(rank(entry.row(), aged) - AGED).add(entry);
        }
        return ranks;
    }

    /**
     * Rows that lose their place: left out of their own group's forward pass, or of another group's that a more urgent
     * class requires.
     */
    private static <K> List<PlanRow<K>> preempted(
            PlanState<K> state, Queue<K> turn, List<PlanRow<K>> chosen, int urgency, PriorityClass aged) {
        Set<PlanRow<K>> taken = Collections.newSetFromMap(new IdentityHashMap<>(2 * chosen.size()));
        taken.addAll(chosen);
        List<PlanRow<K>> preempted = new ArrayList<>();
        for (Queue<K> queue : state.groups()) {
            for (PlanRow<K> row : queue.rows()) {
                if (row.running() && (queue == turn ? !taken.contains(row) : rank(row, aged) > urgency)) {
                    preempted.add(row);
                }
            }
        }
        preempted.sort(BY_ARRIVAL);
        return List.copyOf(preempted);
    }
}

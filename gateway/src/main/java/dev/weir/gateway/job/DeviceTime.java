package dev.weir.gateway.job;

import dev.weir.runtime.stage.ServiceOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The time of one node's device in one phase. First all samples are entered, in the order in which the device serves them. Then it
 * says when each is done. It follows the planner of stages: samples of a group share forward passes, and wait where those are full.
 * Groups take turns by device time, each in proportion to its users, and a more urgent class goes first. One thread only.
 */
final class DeviceTime {

    /**
     * Samples that may share a forward pass. Pictures of the same area and other sides count as one group, though stages keep them
     * apart: demands do not tell the sides.
     */
    record Group(String model, double area) {}

    /**
     * A forward pass.
     *
     * @param rows network rows of a full one
     * @param seconds of one with the rows that are expected
     * @param full seconds of a full one
     */
    record Pass(int rows, double seconds, double full) {}

    /**
     * A sample that was entered.
     *
     * @param from since when its group has had work without a pause
     * @param alone when it would be done if no other group had work
     */
    record Turn(Group group, int rank, double from, double alone, Pass pass) {

        double passes(double during) {
            return pass.seconds > 0 ? during / pass.seconds : 0;
        }

        /** The longest time that more urgent work can take from it while it works so long. */
        double longestUrgent(double worked) {
            return pass.seconds > 0 ? ServiceOrder.AGEING * pass.full * passes(worked) : Double.POSITIVE_INFINITY;
        }
    }

    /**
     * Work of samples that no gateway tells of.
     *
     * @param seconds until it is done
     * @param round seconds in which each of them makes one step. 0: that is unknown, and all of the work counts as being first
     */
    record UnknownWork(double seconds, double round) {

        double during(double passes) {
            return round > 0 ? Math.min(seconds, passes * round) : seconds;
        }
    }

    private final UnknownWork unknown;
    private final int ranks;
    private final Map<Group, PassRows> groups = new LinkedHashMap<>();

    /** @param ranks the number of classes; 0 is the most urgent one */
    DeviceTime(UnknownWork unknown, int ranks) {
        this.unknown = unknown;
        this.ranks = ranks;
    }

    /** Seconds until a sample of a group could begin if it had to wait for all other groups. Nodes are chosen by it. */
    double load(Group group) {
        double seconds = unknown.seconds();
        for (Map.Entry<Group, PassRows> other : groups.entrySet()) {
            PassRows rows = other.getValue();
            seconds += other.getKey().equals(group)
                    ? rows.free.peek()
                    : rows.worked(ranks - 1, 0, Double.POSITIVE_INFINITY);
        }
        return seconds;
    }

    /** @param ready when the sample comes to the node */
    Turn enter(Group group, int rank, String user, Demand.Work work, Pass pass, double ready) {
        PassRows rows = groups.computeIfAbsent(group, absent -> new PassRows(pass.rows, ranks));
        double alone = rows.take(work, rank, user, ready, pass.seconds);
        return new Turn(group, rank, rows.busySince(), alone, pass);
    }

    double done(Turn turn) {
        PassRows own = groups.get(turn.group);
        double since = Math.max(0, turn.alone - turn.from);
        double worked = Math.max(0, since - own.worked(turn.rank - 1, turn.from, turn.alone));
        double delay = unknown.during(turn.passes(since));
        double urgent = 0;
        for (PassRows other : othersByArrival(own)) {
            double end = turn.alone + delay + Math.min(urgent, turn.longestUrgent(worked));
            double together = end - Math.max(turn.from, other.from);
            if (together > 0) {
                double share = Math.min(worked, together) / own.users.size();
                double more = other.worked(turn.rank - 1, turn.from, end);
                double equal = other.worked(turn.rank, turn.from, end) - more;
                urgent += more;
                delay += Math.min(equal, share * other.users.size() + other.longestForward);
            }
        }
        return turn.alone + delay + Math.min(urgent, turn.longestUrgent(worked));
    }

    private List<PassRows> othersByArrival(PassRows own) {
        return groups.values().stream()
                .filter(other -> other != own)
                .sorted(Comparator.comparingDouble(other -> other.from))
                .toList();
    }

    /** The network rows of a group's full forward pass, as if no other group had work. */
    private static final class PassRows {

        /** When each row is free. */
        private final PriorityQueue<Double> free = new PriorityQueue<>();

        private final Set<String> users = new HashSet<>();
        /** By rank: the times in which there are samples of that rank and of more urgent ones. */
        private final List<Deque<Period>> busy = new ArrayList<>();

        private double from = Double.POSITIVE_INFINITY;
        private double longestForward;

        PassRows(int rows, int ranks) {
            for (int row = 0; row < rows; row++) {
                free.add(0.0);
            }
            for (int rank = 0; rank < ranks; rank++) {
                busy.add(new ArrayDeque<>());
            }
        }

        /** @return when the sample is done */
        double take(Demand.Work work, int rank, String user, double ready, double forward) {
            int taken = work.guided() > 0 ? Math.min(work.rows(), free.size()) : 1;
            double start = ready;
            for (int i = 0; i < taken; i++) {
                start = Math.max(start, free.poll());
            }
            double done = start + work.forwards() * forward;
            free.add(done);
            for (int i = 1; i < taken; i++) {
                free.add(start + work.guided() * forward);
            }
            users.add(user);
            from = Math.min(from, ready);
            longestForward = Math.max(longestForward, forward);
            for (int later = rank; later < busy.size(); later++) {
                Period last = busy.get(later).peekLast();
                boolean follows = last != null && start <= last.end;
                Period period = follows ? busy.get(later).removeLast() : new Period(ready, done);
                busy.get(later).add(new Period(Math.min(period.start, ready), Math.max(period.end, done)));
            }
            return done;
        }

        /** Since when there has been work without a pause, at the sample that was entered last. */
        double busySince() {
            return busy.get(busy.size() - 1).getLast().start;
        }

        /** Seconds of work that samples of a rank and of more urgent ones have after a moment, if it begins before another one. */
        double worked(int rank, double since, double before) {
            return rank < 0
                    ? 0
                    : busy.get(rank).stream()
                            .filter(period -> period.start < before)
                            .mapToDouble(period -> Math.max(0, period.end - Math.max(period.start, since)))
                            .sum();
        }
    }

    private record Period(double start, double end) {}
}

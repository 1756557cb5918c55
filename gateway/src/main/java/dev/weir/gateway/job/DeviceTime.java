package dev.weir.gateway.job;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * The time of one node's device in one phase. Samples are entered in the order in which it serves them. When all are in, it says
 * when each is done. It follows the planner of stages: samples of a group share forward passes, and wait where those are full. Groups
 * take turns by device time, each in proportion to its users, and a more urgent class goes first. One thread only.
 */
final class DeviceTime {

    /** Samples that may share a forward pass. */
    record Group(String model, double area) {}

    /**
     * A sample that was entered.
     *
     * @param alone when it would be done if no other group had work
     * @param forward seconds of a forward pass
     */
    record Turn(Group group, int rank, double alone, double forward) {}

    /**
     * Work of unknown samples.
     *
     * @param seconds until it is done
     * @param round seconds of one step of each; 0 if that is unknown, and then it comes first
     */
    record Strangers(double seconds, double round) {

        double during(double passes) {
            return round > 0 ? Math.min(seconds, passes * round) : seconds;
        }
    }

    private final Strangers strangers;
    private final int ranks;
    private final Map<Group, Lanes> groups = new LinkedHashMap<>();

    /** @param ranks the number of classes; 0 is the most urgent one */
    DeviceTime(Strangers strangers, int ranks) {
        this.strangers = strangers;
        this.ranks = ranks;
    }

    /** For the choice of a node: seconds until a sample of a group could begin if all else came first. */
    double load(Group group) {
        double seconds = strangers.seconds();
        for (Map.Entry<Group, Lanes> other : groups.entrySet()) {
            Lanes lanes = other.getValue();
            seconds += other.getKey().equals(group) ? lanes.free.peek() : lanes.worked(ranks - 1, lanes.from);
        }
        return seconds;
    }

    /**
     * @param rows of a full forward pass
     * @param ready when the sample comes to the node
     */
    Turn enter(Group group, int rank, String user, Demand.Work work, int rows, double ready, double forward) {
        Lanes lanes = groups.computeIfAbsent(group, absent -> new Lanes(rows, ranks));
        return new Turn(group, rank, lanes.take(work, rank, user, ready, forward), forward);
    }

    double done(Turn turn) {
        Lanes own = groups.get(turn.group);
        double since = turn.alone - own.from;
        double share = Math.max(0, since - own.worked(turn.rank - 1, own.from)) / own.users.size();
        double delay = strangers.during(turn.forward > 0 ? since / turn.forward : 0);
        for (Lanes other : groups.values()) {
            if (other != own) {
                double urgent = other.worked(turn.rank - 1, own.from);
                double equal = other.worked(turn.rank, own.from) - urgent;
                delay += urgent + Math.min(equal, share * other.users.size() + other.longestForward);
            }
        }
        return turn.alone + delay;
    }

    /** The network rows of a group's full forward pass, as if no other group had work. */
    private static final class Lanes {

        /** When each row is free. */
        private final PriorityQueue<Double> free = new PriorityQueue<>();

        private final Set<String> users = new HashSet<>();
        /** By rank: when all samples of that rank and of more urgent ones are done. */
        private final double[] ends;

        private double from = Double.POSITIVE_INFINITY;
        private double longestForward;

        Lanes(int rows, int ranks) {
            for (int row = 0; row < rows; row++) {
                free.add(0.0);
            }
            ends = new double[ranks];
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
            for (int later = rank; later < ends.length; later++) {
                ends[later] = Math.max(ends[later], done);
            }
            return done;
        }

        /** Seconds of work that samples of a rank and of more urgent ones have after a moment. */
        double worked(int rank, double since) {
            return rank < 0 ? 0 : Math.max(0, ends[rank] - Math.max(from, since));
        }
    }
}

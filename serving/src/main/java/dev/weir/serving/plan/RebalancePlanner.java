package dev.weir.serving.plan;

import dev.weir.runtime.stage.Peer;
import dev.weir.serving.plan.PlanState.Queue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;

/**
 * Decides which samples of a stage other nodes should continue. It gives away as many as reduce the stage's round time
 * (one step of each held sample) to the time that all nodes of the model would have if the work were spread evenly. It
 * gives only samples that would finish clearly sooner, by the measured times of forward passes. A row that costs
 * nothing in its batch stays. Other overloaded stages know and do the same, so that together they give no more than
 * there is room for.
 *
 * <p>Waiting samples of the least urgent class go first, then those with the most remaining steps. One thread; it moves
 * nothing itself.
 */
public final class RebalancePlanner<K> {

    /** @param to the address of the node */
    public record Moved<K>(K key, String to) {}

    /** A sample moves only if it will be done in this fraction of the time that it would take here. */
    private static final double WORTH = 0.75;
    /** The time from one node to the other, in addition to the current forward pass of each. */
    private static final double WAY_SECONDS = 0.25;
    /** The fraction of a full forward pass's time per row that a row must save when it leaves its batch. */
    private static final double SAVES = 0.25;
    /**
     * The fraction of a row's share that must be free for it. It is less than 1 only because sums of fractions are
     * inexact.
     */
    private static final double NEARLY = 0.99;

    private static final Comparator<Candidate<?>> ORDER = Comparator.<Candidate<?>, Boolean>comparing(
                    c -> c.row.running())
            .thenComparing(c -> c.row.priority(), Comparator.reverseOrder())
            .thenComparing(c -> c.row.stepsLeft(), Comparator.reverseOrder())
            .thenComparing(c -> c.row.arrival(), Comparator.reverseOrder());

    private final PlanState<K> state;
    private final Map<String, Double> rowSeconds;
    private final RandomGenerator random;
    private final double round;
    private final Map<BatchKey, Integer> rowsLeft = new HashMap<>();
    private final List<Moved<K>> moved = new ArrayList<>();
    private double given;

    private RebalancePlanner(PlanState<K> state, Map<String, Double> rowSeconds, RandomGenerator random) {
        this.state = state;
        this.rowSeconds = rowSeconds;
        this.random = random;
        this.round = state.roundSeconds();
        state.groups().forEach(queue -> rowsLeft.put(queue.group(), queue.cost()));
    }

    /**
     * @param rowSeconds by model, of this device, as peers report theirs
     * @param movable whether a sample may leave
     * @param random draws the node for each sample, in proportion to what each node lacks
     */
    public static <K> List<Moved<K>> plan(
            PlanState<K> state,
            Map<String, Double> rowSeconds,
            List<Peer> peers,
            Predicate<K> movable,
            RandomGenerator random) {
        RebalancePlanner<K> planner = new RebalancePlanner<>(state, rowSeconds, random);
        state.groups().stream()
                .map(queue -> queue.group().model())
                .distinct()
                .forEach(model -> planner.share(model, peers, movable));
        return List.copyOf(planner.moved);
    }

    private void share(String model, List<Peer> peers, Predicate<K> movable) {
        List<Taker> takers = takers(model, peers);
        double work = round;
        double speed = 1;
        for (Taker taker : takers) {
            work += taker.round / taker.slowness;
            speed += 1 / taker.slowness;
        }
        double even = work / speed;
        takers.forEach(taker -> taker.evenOut(even));
        for (Candidate<K> candidate : candidates(model, movable)) {
            double share = candidate.row.cost() * candidate.queue.curve().secondsPerRow();
            if (given + NEARLY * share <= round - even && (candidate.ahead > 0 || saves(candidate.queue))) {
                Taker taker = draw(takers);
                if (taker != null && isWorth(candidate, taker)) {
                    give(candidate, taker, share);
                }
            }
        }
    }

    private List<Taker> takers(String model, List<Peer> peers) {
        double here = rowSeconds.getOrDefault(model, 0.0);
        List<Taker> takers = new ArrayList<>();
        for (Peer peer : peers) {
            double there = peer.rowSeconds().getOrDefault(model, 0.0);
            if (here > 0 && there > 0) {
                takers.add(new Taker(peer, there / here));
            }
        }
        return takers;
    }

    private List<Candidate<K>> candidates(String model, Predicate<K> movable) {
        List<Candidate<K>> candidates = new ArrayList<>();
        for (Queue<K> queue : state.groups()) {
            for (PlanRow<K> row : queue.rows()) {
                if (queue.group().model().equals(model) && movable.test(row.key())) {
                    candidates.add(new Candidate<>(queue, row, secondsAhead(queue, row)));
                }
            }
        }
        candidates.sort(ORDER);
        return candidates;
    }

    /** Seconds until there is room for a row that waits for more urgent ones. */
    private double secondsAhead(Queue<K> queue, PlanRow<K> row) {
        int rows = 0;
        double seconds = 0;
        for (Queue<K> other : state.groups()) {
            for (PlanRow<K> urgent : other.rows()) {
                if (urgent.priority().compareTo(row.priority()) < 0) {
                    rows += urgent.cost();
                    seconds +=
                            urgent.stepsLeft() * urgent.cost() * other.curve().secondsPerRow();
                }
            }
        }
        return !row.running() && rows >= queue.curve().cap() ? seconds : 0;
    }

    /**
     * Whether a round gets shorter with each row that leaves. Checked over half of the rows, because single sizes are
     * noisy.
     */
    private boolean saves(Queue<K> queue) {
        StepCurve curve = queue.curve();
        int rows = rowsLeft.get(queue.group());
        int half = rows / 2;
        return curve.round(rows) - curve.round(half) >= SAVES * (rows - half) * curve.secondsPerRow();
    }

    private Taker draw(List<Taker> takers) {
        double left =
                random.nextDouble() * takers.stream().mapToDouble(Taker::room).sum();
        for (Taker taker : takers) {
            left -= taker.room();
            if (left < 0) {
                return taker;
            }
        }
        return null;
    }

    private boolean isWorth(Candidate<K> candidate, Taker taker) {
        StepCurve curve = candidate.queue.curve();
        int steps = candidate.row.stepsLeft();
        double forward = curve.seconds(Math.min(curve.cap(), candidate.queue.cost()));
        double there = WAY_SECONDS + forward * (1 + taker.slowness) + steps * taker.roundWithItsShare(candidate);
        return there <= WORTH * (candidate.ahead + steps * round);
    }

    private void give(Candidate<K> candidate, Taker taker, double share) {
        given += share;
        rowsLeft.merge(candidate.queue.group(), -candidate.row.cost(), Integer::sum);
        taker.take(share);
        moved.add(new Moved<>(candidate.row.key(), taker.address));
    }

    private record Candidate<K>(Queue<K> queue, PlanRow<K> row, double ahead) {}

    /** Another node. Its rows are assumed to share forward passes with those that arrive. */
    private static final class Taker {
        final String address;
        final double round;
        final int rows;
        /** Of its device, relative to this one. */
        final double slowness;

        int credits;
        /** Seconds of this device until it has its share of the work: at first, and now. */
        double share;

        double lacks;

        Taker(Peer peer, double slowness) {
            this.address = peer.address();
            this.round = peer.roundSeconds();
            this.rows = peer.rows();
            this.credits = peer.freeCredits();
            this.slowness = slowness;
        }

        void evenOut(double even) {
            share = (even - round) / slowness;
            lacks = share;
        }

        double room() {
            return credits > 0 ? Math.max(0, lacks) : 0;
        }

        /** After it has received its share, from any node. */
        double roundWithItsShare(Candidate<?> candidate) {
            StepCurve curve = candidate.queue.curve();
            int more = (int) Math.floor(share / (NEARLY * curve.secondsPerRow()));
            return Math.max(round, slowness * curve.round(rows + Math.max(more, candidate.row.cost())));
        }

        void take(double seconds) {
            credits--;
            lacks -= seconds;
        }
    }
}

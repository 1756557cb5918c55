package dev.weir.bench.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Something that goes wrong.
 *
 * @param place of the node that it hits
 * @param other a second node, of faults between two
 * @param share of the messages or calls that it hits, if not all
 */
public record Fault(Kind kind, long atMs, long forMs, int place, int other, double share) {

    public enum Kind {
        /** The node is gone, and a new one takes its place later. */
        CRASH,
        /** The node stands still. */
        FREEZE,
        /** The node is told to stop, and a new one takes its place later. */
        STOP,
        /** The node and all others do not reach each other. */
        CUT,
        /** Nothing arrives from one node at another one. */
        ONE_WAY,
        /** Nothing arrives from one node at any gateway. Other nodes still reach it. */
        MUTE,
        /** Messages get lost. */
        LOSS,
        /** Messages arrive twice. */
        DUPLICATION,
        /** Messages overtake each other. */
        REORDERING,
        /** The store answers late, some calls too late. */
        SLOW_STORE,
        /** The store does what it is told, and does not answer some calls. */
        SILENT_STORE,
        /** A part of the store does not answer. */
        SILENT_PART,
        /** The cluster falls into two parts, and each goes on with its copy of the store. */
        PARTITION;

        /** Whether the store may not take an end in time. */
        boolean isOfStore() {
            return this == SLOW_STORE || this == SILENT_STORE || this == SILENT_PART;
        }
    }

    /** Those that hit one node, one connection, or the whole network or store for a while. */
    private static final List<Kind> EACH =
            Stream.of(Kind.values()).filter(kind -> kind != Kind.PARTITION).toList();

    private static final long BEGIN_MS = 1000;
    private static final long END_MS = 6000;

    long endMs() {
        return atMs + forMs;
    }

    /**
     * The faults of a seed, in order.
     *
     * @param among the kinds to draw from; empty: all but {@link Kind#PARTITION}, or a few of them
     * @param gateways which have the first places
     */
    static List<Fault> draw(SplittableRandom random, Set<Kind> among, int gateways, int places) {
        boolean parts = random.nextInt(8) == 0 && among.isEmpty();
        int count = random.nextInt(1 + random.nextInt(14));
        // A few kinds at few nodes meet more often than all kinds at all nodes (swarm testing).
        List<Kind> some = random.nextBoolean() ? EACH : some(random);
        List<Kind> kinds = among.isEmpty() ? some : among.stream().sorted().toList();
        int often = random.nextInt(places);
        boolean gathers = random.nextBoolean();
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Kind kind = random.nextInt(3) == 0 ? Kind.CRASH : kinds.get(random.nextInt(kinds.size()));
            int place = gathers && random.nextInt(3) > 0 ? often : random.nextInt(places);
            double mostShare = random.nextInt(4) == 0 ? 0.95 : 0.6;
            Fault fault = new Fault(
                    kind,
                    random.nextLong(BEGIN_MS, END_MS),
                    200 + random.nextLong(longest(random)),
                    place,
                    random.nextInt(random.nextBoolean() ? gateways : places),
                    random.nextDouble(0.05, mostShare));
            // What only one side of a partition has recorded is lost with its nodes.
            boolean isUnsafe = kind == Kind.CRASH || kind == Kind.STOP;
            if (!parts || !isUnsafe) {
                faults.add(fault);
            }
        }
        if (parts) {
            faults.add(new Fault(
                    Kind.PARTITION,
                    random.nextLong(BEGIN_MS, END_MS),
                    1000 + random.nextLong(25_000),
                    random.nextInt(places),
                    0,
                    1));
        }
        if (!parts && !faults.isEmpty() && random.nextInt(4) == 0) {
            faults.addAll(faults.get(0).again(random));
        }
        faults.sort(Comparator.comparingLong(Fault::atMs));
        return faults;
    }

    /** As of a node that crashes whenever it has just started, or of a connection that flaps. */
    private List<Fault> again(SplittableRandom random) {
        long periodMs = 2000 + random.nextLong(4000);
        return LongStream.rangeClosed(1, 1 + random.nextInt(4))
                .mapToObj(time ->
                        new Fault(kind, atMs + time * periodMs, Math.min(forMs, periodMs / 2), place, other, share))
                .toList();
    }

    private static List<Kind> some(SplittableRandom random) {
        int first = random.nextInt(EACH.size());
        return List.of(EACH.get(first), EACH.get(random.nextInt(EACH.size())));
    }

    private static long longest(SplittableRandom random) {
        return switch (random.nextInt(16)) {
            case 0 -> 25_000;
            case 1, 2, 3 -> 14_000;
            default -> 4000;
        };
    }

    @Override
    public String toString() {
        return "%s at %.3f s for %.3f s, places %d and %d, %.0f %%"
                .formatted(kind, atMs / 1e3, forMs / 1e3, place, other, 100 * share);
    }
}

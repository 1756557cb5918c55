package dev.weir.bench.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

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

    private static final long BEGIN_MS = 1000;
    private static final long END_MS = 6000;

    long endMs() {
        return atMs + forMs;
    }

    /** The faults of a seed, in order. */
    static List<Fault> draw(SplittableRandom random, int places) {
        boolean parts = random.nextInt(8) == 0;
        int count = random.nextInt(1 + random.nextInt(14));
        List<Fault> faults = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Kind kind = random.nextInt(3) == 0 ? Kind.CRASH : Kind.values()[random.nextInt(Kind.values().length - 1)];
            long at = random.nextLong(BEGIN_MS, END_MS);
            long lasts = 200 + random.nextLong(random.nextInt(4) == 0 ? 14_000 : 4000);
            Fault fault = new Fault(
                    kind, at, lasts, random.nextInt(places), random.nextInt(places), random.nextDouble(0.05, 0.6));
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
        faults.sort(Comparator.comparingLong(Fault::atMs));
        return faults;
    }

    @Override
    public String toString() {
        return "%s at %.3f s for %.3f s, places %d and %d, %.0f %%"
                .formatted(kind, atMs / 1e3, forMs / 1e3, place, other, 100 * share);
    }
}

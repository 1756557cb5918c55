package dev.weir.gateway.job;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Samples that the next strike fails run one at a time. So if several samples were repeatedly lost together, the one
 * that crashes its nodes runs only with samples that are not at risk. Bounded by the samples in flight. Event loop of
 * {@link Jobs}.
 */
final class Quarantine {

    private record Chance(Sample sample, Runnable send) {}

    private final Deque<Chance> waiting = new ArrayDeque<>();
    private Sample tried;

    /** @param send called when it is the sample's turn, unless it has ended by then */
    void add(Sample sample, Runnable send) {
        if (tried == sample) {
            tried = null;
        }
        waiting.add(new Chance(sample, send));
        next();
    }

    /** Starts the next one if the last has made progress or has ended. */
    void next() {
        while ((tried == null || tried.ended() || tried.danger() == 0) && !waiting.isEmpty()) {
            Chance chance = waiting.remove();
            if (!chance.sample.ended()) {
                tried = chance.sample;
                chance.send.run();
            }
        }
    }
}

package dev.weir.gateway.job;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Samples that one more strike fails, let go one at a time: of those that were lost together again and again, the one that kills
 * its nodes is then alone with others that are not in danger. Bounded by the samples in flight. Event loop of {@link Jobs}.
 */
final class LastChances {

    private record Chance(Sample sample, Runnable send) {}

    private final Deque<Chance> waiting = new ArrayDeque<>();
    private Sample tried;

    /** @param send called when it is its turn, unless it has ended by then */
    void add(Sample sample, Runnable send) {
        waiting.add(new Chance(sample, send));
        next();
    }

    /** Lets the next one go, where the last has come further or has ended. */
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

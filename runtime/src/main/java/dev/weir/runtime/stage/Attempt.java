package dev.weir.runtime.stage;

import dev.weir.proto.v1.SampleRef;
import java.util.Comparator;

/**
 * An attempt at a sample. An attempt of a later epoch counts, whatever its number: only the owner of a job has its
 * newest epoch.
 *
 * @param epoch of the ownership under which it was started
 * @param number increases with each attempt; 0: no attempt
 */
public record Attempt(long epoch, int number) implements Comparable<Attempt> {

    public static final Attempt NONE = new Attempt(0, 0);

    private static final Comparator<Attempt> ORDER =
            Comparator.comparingLong(Attempt::epoch).thenComparingInt(Attempt::number);

    public static Attempt of(SampleRef ref) {
        return new Attempt(ref.getEpoch(), ref.getAttempt());
    }

    @Override
    public int compareTo(Attempt other) {
        return ORDER.compare(this, other);
    }

    public boolean isBefore(Attempt other) {
        return compareTo(other) < 0;
    }

    @Override
    public String toString() {
        return "%d of epoch %d".formatted(number, epoch);
    }
}

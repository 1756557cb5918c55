package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.serving.plan.StepCurve;
import java.util.function.LongSupplier;

/**
 * Measures before the first request how long a forward pass takes for each number of rows, at the model's native size,
 * and thereby warms up the network. Sizes that there is no time to measure are learned from real steps. Device thread.
 */
final class BatchProfile {

    /**
     * Each round goes through all sizes, so that a slow moment of the machine affects all. There are as many rounds as
     * {@link StepCurve} has first passes of a size, of which the fastest counts.
     */
    private static final int ROUNDS = 3;

    private final long budgetNanos;
    private final LongSupplier nanoClock;

    /** @param budgetNanos after which no larger batch is tried */
    BatchProfile(long budgetNanos, LongSupplier nanoClock) {
        this.budgetNanos = budgetNanos;
        this.nanoClock = nanoClock;
    }

    /**
     * Throws ModelException if the network's output is not finite.
     *
     * @param most the maximum number of rows of a forward pass
     */
    StepCurve of(DiffusionPart part, int most) {
        long end = nanoClock.getAsLong() + budgetNanos;
        StepCurve curve = StepCurve.unknown(most);
        for (int round = 0; round < ROUNDS; round++) {
            for (int rows = 1; rows <= curve.most(); rows *= 2) {
                long expected = (long) (1e9 * curve.seconds(rows));
                if (rows > 1 && nanoClock.getAsLong() + expected > end) {
                    break;
                }
                try {
                    curve = curve.after(rows, nanosOf(part, rows) / 1e9);
                } catch (RuntimeException | OutOfMemoryError problem) {
                    if (!Memory.isExhausted(problem)) {
                        throw problem;
                    }
                    curve = curve.withoutRoomFor(rows);
                }
            }
        }
        return curve;
    }

    private long nanosOf(DiffusionPart part, int rows) {
        long begin = nanoClock.getAsLong();
        if (!part.isFinite(rows)) {
            throw new ModelException(NotFinite.PROBLEM);
        }
        return nanoClock.getAsLong() - begin;
    }
}

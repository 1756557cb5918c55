package dev.weir.serving;

import dev.weir.proto.v1.Preview;

/**
 * Decides after which steps of a run a frame is due. Never after the last step, because the image follows. Owned by the
 * device thread.
 */
final class PreviewSteps {

    private static final long NANOS_PER_MS = 1_000_000;

    private final Preview wanted;
    private final int total;
    private boolean anyYet;
    private long lastNanos;

    /** @param total steps of the run */
    PreviewSteps(Preview wanted, int total) {
        this.wanted = wanted;
        this.total = total;
    }

    /**
     * Whether a frame is due. Call it after each step.
     *
     * @param step steps done, from 1
     */
    boolean isDue(int step, long nowNanos) {
        boolean due = step < total && (isMultiple(step) || isOneOfEvenlySpread(step) || hasWaited(nowNanos));
        if (due) {
            anyYet = true;
            lastNanos = nowNanos;
        }
        return due;
    }

    private boolean isMultiple(int step) {
        return wanted.getEverySteps() > 0 && step % wanted.getEverySteps() == 0;
    }

    /** Frame i of n (from 1) is due at the first step at or after i/(n+1) of the run. */
    private boolean isOneOfEvenlySpread(int step) {
        int parts = wanted.getCount() + 1;
        long before = (long) (step - 1) * parts / total;
        long now = (long) step * parts / total;
        return wanted.getCount() > 0 && now > before;
    }

    private boolean hasWaited(long nowNanos) {
        return wanted.getEveryMs() > 0 && (!anyYet || nowNanos - lastNanos >= wanted.getEveryMs() * NANOS_PER_MS);
    }
}

package dev.weir.serving;

import java.time.Duration;

/** When a running sample's next checkpoint is due: so long after the last one, or after its first step here. Device thread. */
final class Pace {

    private final long intervalNanos;
    private long lastNanos;
    private boolean begun;

    Pace(Duration interval) {
        this.intervalNanos = interval.toNanos();
    }

    /** Asked after each step; where the answer is yes, a checkpoint is taken now. */
    boolean isDue(long nowNanos) {
        boolean due = begun ? nowNanos - lastNanos >= intervalNanos : intervalNanos == 0;
        if (due || !begun) {
            lastNanos = nowNanos;
        }
        begun = true;
        return due;
    }
}

package dev.weir.serving;

import java.time.Duration;

/**
 * When the next checkpoint of a running sample is due: so long after the last one, or after its first step here. Device
 * thread.
 */
final class Pace {

    private final long intervalNanos;
    private long lastNanos;
    private boolean begun;

    Pace(Duration interval) {
        this.intervalNanos = interval.toNanos();
    }

    /** Call it after each step. If it returns true, take a checkpoint now. */
    boolean isDue(long nowNanos) {
        boolean due = begun ? nowNanos - lastNanos >= intervalNanos : intervalNanos == 0;
        if (due || !begun) {
            lastNanos = nowNanos;
        }
        begun = true;
        return due;
    }
}

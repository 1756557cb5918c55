package dev.weir.runtime.memory;

import java.time.Duration;

/** The areas of a cluster's memory, and what each is worth. */
public enum MemoryArea {
    /** Jobs by id, as their owners wrote them last. */
    JOBS(3, 0, Duration.ofMillis(2000)),
    /** Where samples' runs stood, by job and sample. Bounded by who writes them. */
    CHECKPOINTS(2, 0, Duration.ofMillis(2000)),
    /** Jobs by the idempotency key that they came with. */
    KEYS(3, 0, Duration.ofMillis(2000)),
    /** Encoded prompts by their content. May be forgotten at any time, and is not worth a wait. */
    TEXT_STATES(1, 64, Duration.ofMillis(250));

    private final int copies;
    private final int megabytes;
    private final Duration limit;

    MemoryArea(int copies, int megabytes, Duration limit) {
        this.copies = copies;
        this.megabytes = megabytes;
        this.limit = limit;
    }

    /** On how many nodes each entry is, as far as there are as many: one less may be lost at once. */
    public int copies() {
        return copies;
    }

    /** So much of it a node holds at most; what was not used for longest is forgotten first. 0: nothing is forgotten. */
    public int megabytes() {
        return megabytes;
    }

    /** How long an answer may take. */
    public Duration limit() {
        return limit;
    }

    /** Whether it is the jobs' ledger, which a minority of a parted cluster must not write to. */
    public boolean isLedger() {
        return this != TEXT_STATES;
    }

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}

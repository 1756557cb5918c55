package dev.weir.runtime.memory;

import java.time.Duration;

/** The areas of a cluster's memory, with copies, size and time limit. */
public enum MemoryArea {
    /** Jobs by id, as their owners last wrote them. */
    JOBS(3, 0, Duration.ofMillis(2000)),
    /** Checkpoints by job and sample. Bounded by their writers. */
    CHECKPOINTS(2, 0, Duration.ofMillis(2000)),
    /** The images that requests brought, by job and field. Bounded by their writers. */
    ATTACHMENTS(2, 0, Duration.ofMillis(5000)),
    /** Jobs by idempotency key. */
    KEYS(3, 0, Duration.ofMillis(2000)),
    /** What users have had made, by their names. */
    USAGE(2, 0, Duration.ofMillis(2000)),
    /** Encoded prompts by their content. Entries may be evicted at any time, and nobody waits long for them. */
    TEXT_STATES(1, 64, Duration.ofMillis(250));

    private final int copies;
    private final int megabytes;
    private final Duration limit;

    MemoryArea(int copies, int megabytes, Duration limit) {
        this.copies = copies;
        this.megabytes = megabytes;
        this.limit = limit;
    }

    /** The number of nodes that hold each entry, if there are as many. All but one of them may be lost at once. */
    public int copies() {
        return copies;
    }

    /** The maximum size on one node. The least recently used entries are evicted first. 0: no limit. */
    public int megabytes() {
        return megabytes;
    }

    /** How long to wait for an answer. */
    public Duration limit() {
        return limit;
    }

    /** Whether it belongs to the job ledger, which the minority of a partitioned cluster must not write to. */
    public boolean isLedger() {
        return this != TEXT_STATES;
    }

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}

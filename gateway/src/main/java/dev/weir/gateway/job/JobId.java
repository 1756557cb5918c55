package dev.weir.gateway.job;

import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Names of jobs: UUIDs of version 7, whose first 48 bits are the time of their making, so that a name alone tells a job that
 * was from one that never could have been.
 */
public final class JobId {

    private static final long VERSION_7 = 7L << 12;
    private static final long VARIANT = 2L << 62;

    private JobId() {}

    public static String at(long nowMs, RandomGenerator random) {
        long high = nowMs << 16 | VERSION_7 | random.nextLong() & 0xfff;
        long low = VARIANT | random.nextLong() >>> 2;
        return new UUID(high, low).toString();
    }

    /** Whether a job of this name may have been made before now. */
    public static boolean mayHaveBeen(String id, long nowMs) {
        try {
            UUID uuid = UUID.fromString(id);
            return uuid.toString().equals(id) && uuid.version() == 7 && uuid.getMostSignificantBits() >>> 16 <= nowMs;
        } catch (IllegalArgumentException notOne) {
            return false;
        }
    }
}

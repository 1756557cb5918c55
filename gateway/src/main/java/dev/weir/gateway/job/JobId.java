package dev.weir.gateway.job;

import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Job ids: UUIDs of version 7, whose first 48 bits are their creation time. So the id alone tells whether a job may
 * have existed.
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

    /** Whether a text has the form of a job id. */
    public static boolean isOne(String text) {
        return mayHaveBeen(text, Long.MAX_VALUE);
    }

    /** Whether a job with this id may have been created before now. */
    public static boolean mayHaveBeen(String id, long nowMs) {
        try {
            UUID uuid = UUID.fromString(id);
            return uuid.toString().equals(id) && uuid.version() == 7 && uuid.getMostSignificantBits() >>> 16 <= nowMs;
        } catch (IllegalArgumentException notOne) {
            return false;
        }
    }
}

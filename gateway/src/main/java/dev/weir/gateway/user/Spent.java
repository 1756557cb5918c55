package dev.weir.gateway.user;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.proto.v1.UsageRecord;
import java.time.Duration;
import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What a user has used: pixel steps of one day, and images by the second. Immutable.
 *
 * @param day since 1970, UTC
 */
record Spent(long day, double pixelSteps, NavigableMap<Long, Integer> images) {

    static final Spent NOTHING = new Spent(0, 0, Collections.emptyNavigableMap());

    private static final long SECOND_MS = 1000;
    private static final long WINDOW_SECONDS = 60;
    private static final long DAY_MS = Duration.ofDays(1).toMillis();

    Spent {
        images = Collections.unmodifiableNavigableMap(images);
    }

    static Spent of(int images, double pixelSteps, long nowMs) {
        TreeMap<Long, Integer> bySecond = new TreeMap<>();
        bySecond.put(nowMs / SECOND_MS, images);
        return new Spent(nowMs / DAY_MS, pixelSteps, bySecond);
    }

    /** Both together, of what still counts. */
    Spent plus(Spent other) {
        long newest = Math.max(day, other.day);
        TreeMap<Long, Integer> all = new TreeMap<>(images);
        other.images.forEach((second, count) -> all.merge(second, count, Integer::sum));
        if (!all.isEmpty()) {
            all.headMap(all.lastKey() - WINDOW_SECONDS).clear();
        }
        return new Spent(newest, pixelStepsOf(newest) + other.pixelStepsOf(newest), all);
    }

    private double pixelStepsOf(long someDay) {
        return day == someDay ? pixelSteps : 0;
    }

    double pixelStepsToday(long nowMs) {
        return pixelStepsOf(nowMs / DAY_MS);
    }

    static long secondsToMidnight(long nowMs) {
        return (DAY_MS - nowMs % DAY_MS + SECOND_MS - 1) / SECOND_MS;
    }

    /** Images of the last 60 seconds. */
    long lastMinute(long nowMs) {
        return images.tailMap(nowMs / SECOND_MS - WINDOW_SECONDS, false).values().stream()
                .mapToLong(Integer::longValue)
                .sum();
    }

    /** Seconds until so few images are left of the last minute. */
    long secondsUntil(long fewer, long nowMs) {
        long left = lastMinute(nowMs);
        for (var entry :
                images.tailMap(nowMs / SECOND_MS - WINDOW_SECONDS, false).entrySet()) {
            left -= entry.getValue();
            if (left <= fewer) {
                return Math.max(1, entry.getKey() + WINDOW_SECONDS - nowMs / SECOND_MS);
            }
        }
        return 1;
    }

    byte[] toBytes() {
        return UsageRecord.newBuilder()
                .setDay(day)
                .setPixelSteps(pixelSteps)
                .putAllImages(images)
                .build()
                .toByteArray();
    }

    static Spent parse(byte[] bytes) {
        try {
            UsageRecord record = UsageRecord.parseFrom(bytes);
            return new Spent(record.getDay(), record.getPixelSteps(), new TreeMap<>(record.getImagesMap()));
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a user's record cannot be read", e);
        }
    }
}

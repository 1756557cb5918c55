package dev.weir.gateway.user;

import dev.weir.runtime.Loop;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/** A clock that stands at noon until a test moves it. It has periodic actions only. */
final class VirtualLoop implements Loop {

    private record Period(long ms, Runnable action) {}

    private final List<Period> periods = new ArrayList<>();
    private long nowMs = Instant.parse("2026-05-04T12:00:00Z").toEpochMilli();

    /** Goes from one action to the next: nothing happens in between. */
    void pass(Duration time) {
        long endMs = nowMs + time.toMillis();
        for (long next = next(); next <= endMs; next = next()) {
            nowMs = next;
            periods.stream().filter(period -> nowMs % period.ms == 0).forEach(period -> period.action.run());
        }
        nowMs = endMs;
    }

    private long next() {
        return periods.stream()
                .mapToLong(period -> (nowMs / period.ms + 1) * period.ms)
                .min()
                .orElse(Long.MAX_VALUE);
    }

    @Override
    public void every(long ms, Runnable action) {
        periods.add(new Period(ms, action));
    }

    @Override
    public long nowMs() {
        return nowMs;
    }

    @Override
    public long nanos() {
        return nowMs * 1_000_000;
    }

    @Override
    public long after(long ms, Runnable action) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void cancel(long timer) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Executor here() {
        throw new UnsupportedOperationException();
    }

    @Override
    public RandomGenerator random() {
        throw new UnsupportedOperationException();
    }
}

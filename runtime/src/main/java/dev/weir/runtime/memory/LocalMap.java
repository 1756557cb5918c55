package dev.weir.runtime.memory;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** One memory area on the heap, under its own lock. Any thread. */
final class LocalMap implements MemoryMap {

    private record Entry(byte[] value, long endNanos) {}

    private final Vertx vertx;
    private final long maxBytes;
    private final LongSupplier nanoClock;
    /** In order of use, the least recently used first. */
    private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    private long bytes;

    /** @param maxBytes above it, the least recently used entries are evicted; 0: no limit */
    LocalMap(Vertx vertx, long maxBytes, LongSupplier nanoClock) {
        this.vertx = vertx;
        this.maxBytes = maxBytes;
        this.nanoClock = nanoClock;
    }

    @Override
    public synchronized Future<Optional<byte[]>> get(String key) {
        return done(live(key));
    }

    @Override
    public synchronized Future<Void> put(String key, byte[] value, Duration life) {
        write(key, value, life);
        return done(null);
    }

    @Override
    public synchronized Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
        Optional<byte[]> there = live(key);
        if (there.isEmpty()) {
            write(key, value, life);
        }
        return done(there);
    }

    @Override
    public synchronized Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
        boolean same = live(key).filter(there -> Arrays.equals(there, expected)).isPresent();
        if (same) {
            write(key, value, life);
        }
        return done(same);
    }

    @Override
    public synchronized Future<Void> remove(String key) {
        Entry removed = entries.remove(key);
        bytes -= removed == null ? 0 : removed.value.length;
        return done(null);
    }

    @Override
    public synchronized Future<Void> remove(String key, byte[] expected) {
        return live(key).filter(there -> Arrays.equals(there, expected)).isPresent() ? remove(key) : done(null);
    }

    @Override
    public synchronized List<Future<Set<String>>> keysByHolder() {
        sweep();
        return List.of(done(Set.copyOf(entries.keySet())));
    }

    @Override
    public String holder(String key) {
        return "";
    }

    /** Removes expired entries. */
    synchronized void sweep() {
        long now = nanoClock.getAsLong();
        for (Iterator<Entry> all = entries.values().iterator(); all.hasNext(); ) {
            Entry entry = all.next();
            if (now - entry.endNanos >= 0) {
                all.remove();
                bytes -= entry.value.length;
            }
        }
    }

    private Optional<byte[]> live(String key) {
        return Optional.ofNullable(entries.get(key))
                .filter(entry -> nanoClock.getAsLong() - entry.endNanos < 0)
                .map(Entry::value);
    }

    private void write(String key, byte[] value, Duration life) {
        Entry before = entries.put(key, new Entry(value, nanoClock.getAsLong() + life.toNanos()));
        bytes += value.length - (before == null ? 0 : before.value.length);
        Iterator<Entry> oldest = entries.values().iterator();
        while (maxBytes > 0 && bytes > maxBytes && oldest.hasNext()) {
            bytes -= oldest.next().value.length;
            oldest.remove();
        }
    }

    /** Completes on the caller's context, and never before the caller continues, as in a cluster. */
    private <T> Future<T> done(T answer) {
        ContextInternal caller = (ContextInternal) vertx.getOrCreateContext();
        return Future.future(promise -> caller.runOnContext(later -> promise.complete(answer)));
    }
}

package dev.weir.serving;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * What was read of files, so that the samples of a request read a file once. It is shared as long as somebody holds it; nothing is held
 * here. Any thread.
 *
 * @param <K> what decides the result: the digest of the file, and how it is read
 */
public final class SharedReads<K, V> {

    private final Map<K, WeakReference<V>> reads = new ConcurrentHashMap<>();

    /** Two threads do not read the same at once: the second waits. Rarely it waits for another file, because the map locks some keys together. */
    public V get(K key, Supplier<V> reading) {
        reads.values().removeIf(read -> read.get() == null);
        AtomicReference<V> held = new AtomicReference<>();
        reads.compute(key, (same, read) -> {
            held.set(read == null ? null : read.get());
            if (held.get() != null) {
                return read;
            }
            held.set(reading.get());
            return new WeakReference<>(held.get());
        });
        return held.get();
    }
}

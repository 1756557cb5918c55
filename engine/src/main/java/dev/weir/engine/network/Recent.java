package dev.weir.engine.network;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Loaded things by what they are of. The least recently used one is closed where there are too many. One device thread owns it. */
final class Recent<K, V> {

    private final int most;
    private final Consumer<V> closer;
    private final Map<K, V> loaded = new LinkedHashMap<>(16, 0.75f, true);

    Recent(int most, Consumer<V> closer) {
        this.most = most;
        this.closer = closer;
    }

    V get(K key, Supplier<V> loader) {
        V known = loaded.get(key);
        if (known != null) {
            return known;
        }
        V fresh = loader.get();
        if (loaded.size() == most) {
            closer.accept(loaded.remove(loaded.keySet().iterator().next()));
        }
        loaded.put(key, fresh);
        return fresh;
    }

    void close() {
        loaded.values().forEach(closer);
    }
}

package dev.weir.gateway.user;

import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A memory that answers at once, or not at all. */
final class HeapMap implements MemoryMap {

    private final Map<String, byte[]> entries = new HashMap<>();
    boolean isSilent;

    private <T> Future<T> answer(T value) {
        return isSilent
                ? Future.failedFuture(new MemoryException("no answer in time", false, null))
                : Future.succeededFuture(value);
    }

    @Override
    public Future<Optional<byte[]>> get(String key) {
        return answer(Optional.ofNullable(entries.get(key)));
    }

    @Override
    public Future<Void> put(String key, byte[] value, Duration life) {
        entries.put(key, value);
        return answer(null);
    }

    @Override
    public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
        return answer(Optional.ofNullable(entries.putIfAbsent(key, value)));
    }

    @Override
    public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
        boolean same = Arrays.equals(entries.get(key), expected);
        if (same) {
            entries.put(key, value);
        }
        return answer(same);
    }

    @Override
    public Future<Void> remove(String key) {
        entries.remove(key);
        return answer(null);
    }

    @Override
    public Future<Void> remove(String key, byte[] expected) {
        return Arrays.equals(entries.get(key), expected) ? remove(key) : answer(null);
    }

    @Override
    public List<Future<Set<String>>> keysByHolder() {
        return List.of(answer(Set.copyOf(entries.keySet())));
    }

    @Override
    public String holder(String key) {
        return "";
    }
}

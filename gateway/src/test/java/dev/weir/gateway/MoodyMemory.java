package dev.weir.gateway;

import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** A memory that does what it should, or says nothing in time, or refuses to write, as a test has it. */
final class MoodyMemory implements ClusterMemory {

    enum Mood {
        WELL,
        SILENT,
        REFUSING
    }

    private static final Duration LIMIT = Duration.ofMillis(100);

    private final Vertx vertx;
    private final ClusterMemory memory;
    volatile Mood mood = Mood.WELL;

    MoodyMemory(Vertx vertx) {
        this.vertx = vertx;
        this.memory = new LocalMemory(vertx);
    }

    @Override
    public String view() {
        return memory.view();
    }

    @Override
    public MemoryMap map(MemoryArea area) {
        MemoryMap map = memory.map(area);
        return new MemoryMap() {
            @Override
            public Future<Optional<byte[]>> get(String key) {
                return mood == Mood.SILENT ? silence() : map.get(key);
            }

            @Override
            public Future<Void> put(String key, byte[] value, Duration life) {
                return write(() -> map.put(key, value, life));
            }

            @Override
            public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
                return write(() -> map.putIfAbsent(key, value, life));
            }

            @Override
            public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
                return write(() -> map.replace(key, expected, value, life));
            }

            @Override
            public Future<Void> remove(String key) {
                return write(() -> map.remove(key));
            }

            @Override
            public Future<Set<String>> keys() {
                return mood == Mood.SILENT ? silence() : map.keys();
            }
        };
    }

    private <T> Future<T> write(Supplier<Future<T>> write) {
        return switch (mood) {
            case WELL -> write.get();
            case SILENT -> silence();
            case REFUSING -> Future.failedFuture(new MemoryException("too few nodes", true, null));
        };
    }

    private <T> Future<T> silence() {
        return vertx.timer(LIMIT.toMillis())
                .compose(late -> Future.failedFuture(new MemoryException("no answer in time", false, null)));
    }
}

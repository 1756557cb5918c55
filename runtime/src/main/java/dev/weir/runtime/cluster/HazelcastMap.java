package dev.weir.runtime.cluster;

import com.hazelcast.map.IMap;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One area in one of Hazelcast's maps. What Hazelcast does asynchronously needs no thread; the rest waits in a {@link Lanes
 * lane} of the member that holds the entry. Any thread.
 */
final class HazelcastMap implements MemoryMap {

    private final Vertx vertx;
    private final IMap<String, byte[]> map;
    private final MemoryArea area;
    private final Lanes lanes;

    HazelcastMap(Vertx vertx, IMap<String, byte[]> map, MemoryArea area, Lanes lanes) {
        this.vertx = vertx;
        this.map = map;
        this.area = area;
        this.lanes = lanes;
    }

    @Override
    public Future<Optional<byte[]>> get(String key) {
        return within(() -> map.getAsync(key)).map(Optional::ofNullable);
    }

    @Override
    public Future<Void> put(String key, byte[] value, Duration life) {
        return within(() -> map.setAsync(key, value, life.toMillis(), TimeUnit.MILLISECONDS));
    }

    @Override
    public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
        return within(() -> lanes.call(key, () -> map.putIfAbsent(key, value, life.toMillis(), TimeUnit.MILLISECONDS)))
                .map(Optional::ofNullable);
    }

    @Override
    public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
        return within(() -> lanes.call(key, () -> {
            boolean same = map.replace(key, expected, value);
            if (same) {
                // Hazelcast's replace takes no time to live, and forgets the one that was set.
                map.setTtl(key, life.toMillis(), TimeUnit.MILLISECONDS);
            }
            return same;
        }));
    }

    @Override
    public Future<Void> remove(String key) {
        return within(() -> map.deleteAsync(key)).mapEmpty();
    }

    @Override
    public Future<Set<String>> keys() {
        return within(() -> lanes.callAll(map::keySet));
    }

    private <T> Future<T> within(Supplier<CompletionStage<T>> call) {
        Context caller = vertx.getOrCreateContext();
        Promise<T> answer = Promise.promise();
        long timer = vertx.setTimer(
                area.limit().toMillis(),
                late -> answer.tryFail(new MemoryException(
                        "the cluster's memory of %s did not answer within %d ms"
                                .formatted(area, area.limit().toMillis()),
                        false,
                        null)));
        try {
            call.get()
                    .whenComplete((value, problem) -> caller.runOnContext(v -> {
                        vertx.cancelTimer(timer);
                        if (problem == null) {
                            answer.tryComplete(value);
                        } else {
                            answer.tryFail(failed(problem));
                        }
                    }));
        } catch (RejectedExecutionException | com.hazelcast.core.HazelcastException e) {
            vertx.cancelTimer(timer);
            return Future.failedFuture(failed(e));
        }
        return answer.future();
    }

    private MemoryException failed(Throwable problem) {
        Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
        return new MemoryException(
                "the cluster's memory of %s failed: %s".formatted(area, cause.getMessage()),
                cause instanceof SplitBrainProtectionException,
                cause);
    }
}

package dev.weir.runtime.cluster;

import com.hazelcast.map.IMap;
import com.hazelcast.query.Predicates;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionException;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One memory area in a Hazelcast map. Hazelcast's asynchronous calls need no thread. The other calls wait in a {@link
 * Lanes lane} of the member that holds the entry. Any thread.
 */
final class HazelcastMap implements MemoryMap {

    private final Vertx vertx;
    private final IMap<String, byte[]> map;
    private final MemoryArea area;
    private final Holders holders;
    private final Lanes lanes;

    HazelcastMap(Vertx vertx, IMap<String, byte[]> map, MemoryArea area, Holders holders, Lanes lanes) {
        this.vertx = vertx;
        this.map = map;
        this.area = area;
        this.holders = holders;
        this.lanes = lanes;
    }

    /** Reads from the holder, which is up to date. If the holder does not answer, reads a local copy of the ledger. */
    @Override
    public Future<Optional<byte[]>> get(String key) {
        Future<byte[]> found = within(() -> map.getAsync(key));
        return (area.isLedger() ? found.recover(silent -> within(() -> lanes.call(key, () -> map.get(key)))) : found)
                .map(Optional::ofNullable);
    }

    @Override
    public Future<Void> put(String key, byte[] value, Duration life) {
        return within(() -> map.setAsync(key, value, life.toMillis(), TimeUnit.MILLISECONDS));
    }

    @Override
    public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
        return write(key, new CompareAndSet(null, value, life.toMillis()));
    }

    @Override
    public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
        return write(key, new CompareAndSet(expected, value, life.toMillis())).map(Optional::isEmpty);
    }

    private Future<Optional<byte[]>> write(String key, CompareAndSet write) {
        return within(() -> map.submitToKey(key, write)).map(Optional::ofNullable);
    }

    @Override
    public Future<Void> remove(String key) {
        return within(() -> map.deleteAsync(key)).mapEmpty();
    }

    @Override
    public Future<Void> remove(String key, byte[] expected) {
        return write(key, CompareAndSet.removing(expected)).mapEmpty();
    }

    @Override
    public List<Future<Set<String>>> keysByHolder() {
        try {
            return holders.partitions().entrySet().stream()
                    .map(held -> within(() -> lanes.call(
                            held.getKey(),
                            () -> map.keySet(
                                    Predicates.multiPartitionPredicate(held.getValue(), Predicates.alwaysTrue())))))
                    .toList();
        } catch (RuntimeException notActive) {
            return List.of(Future.failedFuture(failed(notActive)));
        }
    }

    @Override
    public String holder(String key) {
        return holders.of(key);
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
        } catch (RuntimeException e) { // A full lane, or an instance that is not active.
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

package dev.weir.gateway;

import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A memory that does what it should, or says nothing in time, or refuses to write, as a test has it. About half of the entries lie
 * with another node, which may be the only one that says nothing.
 */
final class MoodyMemory implements ClusterMemory {

    enum Mood {
        WELL,
        SILENT,
        /** Never answers a request for one entry, not even with a failure. */
        MUTE,
        ELSEWHERE_SILENT,
        /** Writes at once, and says so later. */
        LATE,
        REFUSING
    }

    private static final String HERE = "";
    private static final String ELSEWHERE = "elsewhere";
    private static final Duration LATE = Duration.ofMillis(500);
    private static final Duration LIMIT = Duration.ofMillis(100);

    private final Vertx vertx;
    private final ClusterMemory memory;
    volatile Mood mood = Mood.WELL;
    volatile boolean isShared;
    volatile boolean isAlone = true;
    /** So many reads of images get no answer. */
    final AtomicInteger unreadImages = new AtomicInteger();

    /** So many jobs are recorded without an answer. */
    final AtomicInteger unansweredJobs = new AtomicInteger();

    MoodyMemory(Vertx vertx) {
        this.vertx = vertx;
        this.memory = new LocalMemory(vertx);
    }

    /** What it holds, whatever its mood. */
    MemoryMap content(MemoryArea area) {
        return memory.map(area);
    }

    @Override
    public String view() {
        return memory.view();
    }

    @Override
    public String member() {
        return memory.member();
    }

    @Override
    public boolean isMember(String member) {
        return memory.isMember(member);
    }

    @Override
    public boolean isShared() {
        return isShared;
    }

    @Override
    public boolean isAlone() {
        return isAlone;
    }

    @Override
    public MemoryMap map(MemoryArea area) {
        MemoryMap map = memory.map(area);
        return new MemoryMap() {
            @Override
            public Future<Optional<byte[]>> get(String key) {
                if (area == MemoryArea.ATTACHMENTS && unreadImages.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    return silence();
                }
                return mood == Mood.MUTE
                        ? Promise.<Optional<byte[]>>promise().future()
                        : isSilent(key) ? silence() : map.get(key);
            }

            @Override
            public Future<Void> put(String key, byte[] value, Duration life) {
                return write(key, () -> map.put(key, value, life));
            }

            @Override
            public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
                boolean isUnanswered =
                        area == MemoryArea.JOBS && unansweredJobs.getAndUpdate(left -> Math.max(0, left - 1)) > 0;
                return write(key, () -> map.putIfAbsent(key, value, life)
                        .compose(written -> isUnanswered ? silence() : Future.succeededFuture(written)));
            }

            @Override
            public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
                return write(key, () -> map.replace(key, expected, value, life));
            }

            @Override
            public Future<Void> remove(String key) {
                return write(key, () -> map.remove(key));
            }

            @Override
            public Future<Void> remove(String key, byte[] expected) {
                return write(key, () -> map.remove(key, expected));
            }

            @Override
            public List<Future<Set<String>>> keysByHolder() {
                return List.of(keysAt(HERE), keysAt(ELSEWHERE));
            }

            private Future<Set<String>> keysAt(String holder) {
                return isSilentAt(holder)
                        ? silence()
                        : map.keys().map(keys -> keys.stream()
                                .filter(key -> holder(key).equals(holder))
                                .collect(Collectors.toSet()));
            }

            @Override
            public String holder(String key) {
                return key.hashCode() % 2 == 0 ? HERE : ELSEWHERE;
            }

            private boolean isSilent(String key) {
                return isSilentAt(holder(key));
            }

            private <T> Future<T> write(String key, Supplier<Future<T>> write) {
                return mood == Mood.REFUSING
                        ? Future.failedFuture(new MemoryException("too few nodes", true, null))
                        : isSilent(key) ? silence() : write.get().compose(MoodyMemory.this::late);
            }
        };
    }

    private boolean isSilentAt(String holder) {
        return mood == Mood.SILENT || mood == Mood.ELSEWHERE_SILENT && holder.equals(ELSEWHERE);
    }

    private <T> Future<T> late(T answer) {
        return mood == Mood.LATE ? vertx.timer(LATE.toMillis()).map(answer) : Future.succeededFuture(answer);
    }

    private <T> Future<T> silence() {
        return vertx.timer(LIMIT.toMillis())
                .compose(late -> Future.failedFuture(new MemoryException("no answer in time", false, null)));
    }
}

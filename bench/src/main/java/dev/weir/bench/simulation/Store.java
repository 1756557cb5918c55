package dev.weir.bench.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.memory.MemoryMap;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The cluster's memory of a simulation, in parts. Faults make it slow, leave writes without an answer, silence one part,
 * and divide it into two copies, of which the newer records remain when they merge.
 */
final class Store {

    static final int PARTS = 3;

    private static final long ANSWER_MICROS = 4000;
    private static final long NOTICED_MICROS = 3_000_000;
    private static final Comparator<JobRecord> AGE =
            Comparator.comparingLong(JobRecord::getEpoch).thenComparingLong(JobRecord::getVersion);

    /**
     * @param before the previous value, which an outdated copy still has; may be null
     * @param record the value, if it is a job's record
     */
    private record Entry(byte[] value, byte[] before, JobRecord record, long endMs) {}

    /** All areas, as one side of a divided cluster sees them. */
    private static final class Copy {
        final Map<MemoryArea, TreeMap<String, Entry>> areas = new EnumMap<>(MemoryArea.class);

        Copy() {
            for (MemoryArea area : MemoryArea.values()) {
                areas.put(area, new TreeMap<>());
            }
        }
    }

    private final World world;
    private final RecordCheck check;
    private final Process server;
    private final Map<String, Process> members = new LinkedHashMap<>();
    private final Set<Process> minority = new HashSet<>();
    private final Set<Process> removed = new HashSet<>();
    private final Copy whole = new Copy();
    private Copy other;
    private boolean isParting;
    long slowMs;
    double silence;
    int silentPart = -1;
    boolean quorum;

    Store(World world) {
        this.world = world;
        this.check = new RecordCheck(world);
        this.server = new Process(world, "store");
    }

    ClusterMemory memory(Process process, Loop loop) {
        members.put(process.toString(), process);
        return new View(process, loop);
    }

    /** The others notice the end of a process by its closed connections, mostly before its lease expires. */
    void left(Process process) {
        world.after(world.random.nextLong(NOTICED_MICROS), server, () -> {
            members.remove(process.toString());
            removed.remove(process);
        });
    }

    /** The others remove a node that stands still; it rejoins later. */
    void remove(Process process) {
        removed.add(process);
    }

    void readmit(Process process) {
        removed.remove(process);
    }

    /** From now on the nodes do not reach the parts that the other side holds. */
    void part(Set<Process> side) {
        minority.addAll(side);
        isParting = true;
    }

    /** Each side removes the other one and goes on with copies of all parts. */
    void divide() {
        isParting = false;
        other = new Copy();
        whole.areas.forEach((area, entries) -> other.areas.get(area).putAll(entries));
    }

    void merge() {
        isParting = false;
        minority.clear();
        if (other == null) {
            return;
        }
        other.areas.forEach((area, entries) -> entries.forEach((key, entry) -> whole.areas
                .get(area)
                .merge(key, entry, (here, there) -> area == MemoryArea.JOBS && isNewer(there, here) ? there : here)));
        other = null;
    }

    private static boolean isNewer(Entry one, Entry another) {
        return AGE.compare(one.record, another.record) > 0;
    }

    private static JobRecord record(byte[] bytes) {
        try {
            return JobRecord.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    private Copy copy(Process process) {
        return other != null && minority.contains(process) ? other : whole;
    }

    /** The names of the entries that are left. */
    Set<String> left(MemoryArea area) {
        Set<String> left = new TreeSet<>();
        whole.areas.get(area).forEach((key, entry) -> {
            if (entry.endMs > world.wallMs()) {
                left.add(key);
            }
        });
        return left;
    }

    private static int part(String key) {
        return Math.floorMod(key.substring(key.indexOf('@') + 1).hashCode(), PARTS);
    }

    private boolean isSilent(Process process, int part) {
        return part == silentPart
                || removed.contains(process)
                || isParting && minority.contains(process) != (part == PARTS - 1);
    }

    private final class View implements ClusterMemory {
        private final Process self;
        private final Loop loop;
        private final Map<MemoryArea, Area> areas = new EnumMap<>(MemoryArea.class);

        View(Process self, Loop loop) {
            this.self = self;
            this.loop = loop;
        }

        @Override
        public MemoryMap map(MemoryArea area) {
            return areas.computeIfAbsent(area, a -> new Area(self, loop, a));
        }

        @Override
        public String view() {
            return removed.contains(self) ? "alone " + self : other != null && minority.contains(self) ? "b" : "a";
        }

        @Override
        public String member() {
            return self.toString();
        }

        @Override
        public boolean isMember(String member) {
            Process process = members.get(member);
            return process != null && (process == self || isTogether(process));
        }

        private boolean isTogether(Process process) {
            return !removed.contains(process)
                    && !removed.contains(self)
                    && (other == null || minority.contains(process) == minority.contains(self));
        }

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public boolean isAlone() {
            return members.values().stream().noneMatch(process -> process != self && isTogether(process));
        }
    }

    private final class Area implements MemoryMap {
        private final Process self;
        private final Loop loop;
        private final MemoryArea area;

        Area(Process self, Loop loop, MemoryArea area) {
            this.self = self;
            this.loop = loop;
            this.area = area;
        }

        private <T> Future<T> call(int part, Function<TreeMap<String, Entry>, T> operation) {
            Promise<T> answer = Promise.promise();
            if (quorum && other != null && minority.contains(self)) {
                loop.after(1, () -> answer.fail(new MemoryException("too few nodes share the memory", true, null)));
                return answer.future();
            }
            long timer = loop.after(
                    area.limit().toMillis(), () -> answer.tryFail(new MemoryException("no answer", false, null)));
            boolean answers = !isSilent(self, part) && world.random.nextDouble() >= silence;
            long latest = slowMs > 0 ? 1000 * slowMs : ANSWER_MICROS;
            world.after(world.random.nextLong(latest), server, () -> {
                // What is not answered may have taken effect, or not.
                if (!answers && world.random.nextBoolean()) {
                    return;
                }
                TreeMap<String, Entry> entries = copy(self).areas.get(area);
                T result = operation.apply(entries);
                if (answers) {
                    world.after(world.random.nextLong(latest), self, () -> answer.tryComplete(result));
                }
            });
            return answer.future().onComplete(done -> loop.cancel(timer));
        }

        private Entry live(TreeMap<String, Entry> entries, String key) {
            Entry entry = entries.get(key);
            return entry != null && entry.endMs > world.wallMs() ? entry : null;
        }

        private void write(TreeMap<String, Entry> entries, String key, byte[] value, Duration life) {
            Entry before = live(entries, key);
            JobRecord record = area == MemoryArea.JOBS ? record(value) : null;
            if (record != null) {
                check.written(before == null ? null : before.record, record);
            }
            entries.put(
                    key,
                    new Entry(value, before == null ? null : before.value, record, world.wallMs() + life.toMillis()));
        }

        @Override
        public Future<Optional<byte[]>> get(String key) {
            Future<Optional<byte[]>> read = call(part(key), entries -> Optional.ofNullable(live(entries, key))
                    .map(Entry::value));
            return area.isLedger() ? read.recover(silent -> outdated(key, silent)) : read;
        }

        /** A local copy answers instead, which may miss the last write. Not every node has one. */
        private Future<Optional<byte[]>> outdated(String key, Throwable silent) {
            Entry entry = live(copy(self).areas.get(area), key);
            byte[] known = entry == null || world.random.nextBoolean()
                    ? null
                    : world.random.nextBoolean() ? entry.value : entry.before;
            return known == null ? Future.failedFuture(silent) : Future.succeededFuture(Optional.of(known));
        }

        @Override
        public Future<Void> put(String key, byte[] value, Duration life) {
            return call(part(key), entries -> {
                write(entries, key, value, life);
                return null;
            });
        }

        @Override
        public Future<Optional<byte[]>> putIfAbsent(String key, byte[] value, Duration life) {
            return call(part(key), entries -> {
                Optional<byte[]> there = Optional.ofNullable(live(entries, key)).map(Entry::value);
                if (there.isEmpty()) {
                    write(entries, key, value, life);
                }
                return there;
            });
        }

        @Override
        public Future<Boolean> replace(String key, byte[] expected, byte[] value, Duration life) {
            return call(part(key), entries -> {
                Entry there = live(entries, key);
                boolean same = there != null && Arrays.equals(there.value, expected);
                if (same) {
                    write(entries, key, value, life);
                }
                return same;
            });
        }

        @Override
        public Future<Void> remove(String key) {
            return call(part(key), entries -> {
                entries.remove(key);
                return null;
            });
        }

        @Override
        public Future<Void> remove(String key, byte[] expected) {
            return call(part(key), entries -> {
                Entry there = live(entries, key);
                if (there != null && Arrays.equals(there.value, expected)) {
                    entries.remove(key);
                }
                return null;
            });
        }

        @Override
        public List<Future<Set<String>>> keysByHolder() {
            return IntStream.range(0, PARTS)
                    .mapToObj(part -> this.<Set<String>>call(part, entries -> {
                        Set<String> keys = new LinkedHashSet<>();
                        entries.keySet().stream()
                                .filter(key -> part(key) == part)
                                .filter(key -> live(entries, key) != null)
                                .forEach(keys::add);
                        return keys;
                    }))
                    .toList();
        }

        @Override
        public String holder(String key) {
            return "part " + part(key);
        }
    }
}

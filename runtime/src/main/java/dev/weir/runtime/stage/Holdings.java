package dev.weir.runtime.stage;

import dev.weir.proto.v1.PreviewFrame;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * What a stage node holds: its credits, and its record of attempts. The record prevents it from doing the same task
 * twice or an older attempt at all. Everything is bounded. It uses neither bus nor device; one thread only.
 */
final class Holdings {

    /** The answer to an offer. */
    enum Answer {
        TAKE,
        /** The same task was accepted before: repeat the answer and do nothing. */
        TAKEN_BEFORE,
        /** A later attempt is known, or this attempt belongs to another owner. */
        STALE_ATTEMPT,
        CANCELLED,
        FULL
    }

    /** The number of frames that may be held in addition to images. */
    static final int FRAME_ROOM = 4;

    private static final int MEMORY = 8192;
    private static final int ALL_ATTEMPTS = Integer.MAX_VALUE;

    private final IntSupplier capacity;
    private final Map<Slot, Held> held = new LinkedHashMap<>();
    private final Map<SampleKey, Seen> seen = bounded();
    /** With the last attempt that this applies to. */
    private final Map<String, Integer> cancelledJobs = bounded();

    private final Map<SampleKey, Integer> cancelledSamples = bounded();

    private int frames;

    Holdings(IntSupplier capacity) {
        this.capacity = capacity;
    }

    Answer answer(Task task) {
        if (task.getRef().getAttempt() <= lastCancelled(task.getRef())) {
            return Answer.CANCELLED;
        }
        Seen last = seen.get(SampleKey.of(task.getRef()));
        if (last != null && last.isPast(task)) {
            return Answer.STALE_ATTEMPT;
        }
        if (task.hasFrame()) {
            return held.containsKey(Slot.of(task))
                    ? Answer.TAKEN_BEFORE
                    : frames < FRAME_ROOM && freeCredits() > 0 ? Answer.TAKE : Answer.FULL;
        }
        if (last != null && last.attempt == task.getRef().getAttempt() && task.getPosition() <= last.position) {
            return Answer.TAKEN_BEFORE;
        }
        boolean replaces = held.values().stream().anyMatch(h -> isOlder(h, task));
        return freeCredits() > 0 || replaces ? Answer.TAKE : Answer.FULL;
    }

    /**
     * An attempt of the sample must be later than this. 0: no attempt is accepted, because the sample was cancelled for
     * all owners.
     */
    int newestAttempt(SampleRef ref) {
        Seen last = seen.get(SampleKey.of(ref));
        int newest = Math.max(lastCancelled(ref), last == null ? 0 : last.attempt);
        return newest == ALL_ATTEMPTS ? 0 : newest;
    }

    /** The last cancelled attempt of a sample, cancelled alone or with its job. 0: none. Attempts start at 1. */
    private int lastCancelled(SampleRef ref) {
        return Math.max(
                cancelledJobs.getOrDefault(ref.getJobId(), 0), cancelledSamples.getOrDefault(SampleKey.of(ref), 0));
    }

    /** Enters a task that {@link #answer} accepted. Older attempts must be {@linkplain #release released} before. */
    Held take(Work work, long nowNanos) {
        Held entry = new Held(work, nowNanos);
        held.put(Slot.of(work.task()), entry);
        if (work.isFrame()) {
            frames++;
        } else {
            seen.put(work.key(), Seen.of(work.task()));
        }
        return entry;
    }

    /** The entry of exactly this attempt, if it is still held. */
    Optional<Held> find(Work work) {
        return Optional.ofNullable(held.get(Slot.of(work.task())))
                .filter(h -> h.work.task().getRef().getAttempt()
                        == work.task().getRef().getAttempt());
    }

    boolean holds(Held entry) {
        return held.get(Slot.of(entry.work.task())) == entry;
    }

    void release(Held entry) {
        if (held.remove(Slot.of(entry.work.task()), entry) && entry.work.isFrame()) {
            frames--;
        }
    }

    List<Held> olderThan(Task task) {
        return matching(h -> isOlder(h, task));
    }

    List<Held> ofSample(SampleKey key) {
        return matching(h -> h.work.key().equals(key));
    }

    /**
     * The held attempts of the job up to this one. No such attempt will be accepted any more.
     *
     * @param attempt 0: all
     */
    List<Held> cancel(String jobId, int attempt) {
        int last = attempt == 0 ? ALL_ATTEMPTS : attempt;
        cancelledJobs.merge(jobId, last, Math::max);
        return matching(h ->
                h.work.key().jobId().equals(jobId) && h.work.task().getRef().getAttempt() <= last);
    }

    /** The same for one sample: its held attempts up to the one that the reference names. */
    List<Held> cancel(SampleRef ref) {
        SampleKey key = SampleKey.of(ref);
        int last = ref.getAttempt() == 0 ? ALL_ATTEMPTS : ref.getAttempt();
        cancelledSamples.merge(key, last, Math::max);
        return matching(h -> h.work.key().equals(key) && h.work.task().getRef().getAttempt() <= last);
    }

    List<Held> matching(Predicate<Held> wanted) {
        return held.values().stream().filter(wanted).toList();
    }

    List<Held> all() {
        return new ArrayList<>(held.values());
    }

    boolean isEmpty() {
        return held.isEmpty();
    }

    int capacity() {
        return capacity.getAsInt();
    }

    int freeCredits() {
        return Math.max(0, capacity() - (held.size() - frames));
    }

    int count(Held.Phase phase) {
        return (int) held.values().stream().filter(h -> h.phase() == phase).count();
    }

    /** Forward passes until everything that is held now is done, if each sample ran alone. */
    int forwardsLeft() {
        Collection<Held> all = held.values();
        return all.stream().mapToInt(Held::forwardsLeft).sum();
    }

    private static boolean isOlder(Held entry, Task task) {
        return entry.work.key().equals(SampleKey.of(task.getRef()))
                && entry.work.task().getRef().getAttempt() < task.getRef().getAttempt();
    }

    private static <K, V> Map<K, V> bounded() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > MEMORY;
            }
        };
    }

    /** A sample is held once for each position on its route, and once for each of its frames. */
    private record Slot(SampleKey key, int position, PreviewFrame frame) {
        static Slot of(Task task) {
            return new Slot(SampleKey.of(task.getRef()), task.getPosition(), task.getFrame());
        }
    }

    /**
     * The newest attempt of a sample, and its progress. After a partition, two gateways may own the same job and use
     * the same attempt number. The first one's attempt counts, and the other must use a higher number. A gateway that
     * stood still continues under a new name at the same address. Its numbers depend on the epoch, because with equal
     * numbers old events would match.
     */
    private record Seen(int attempt, String owner, int position) {
        static Seen of(Task task) {
            return new Seen(task.getRef().getAttempt(), task.getOwner(), task.getPosition());
        }

        boolean isPast(Task task) {
            int other = task.getRef().getAttempt();
            return other < attempt || other == attempt && !task.getOwner().equals(owner);
        }
    }
}

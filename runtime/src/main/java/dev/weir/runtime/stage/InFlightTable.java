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
import java.util.stream.Stream;

/**
 * What a stage node holds: its credits, and its record of attempts. The record prevents it from doing the same task
 * twice or an older attempt at all. Everything is bounded. It uses neither bus nor device; one thread only.
 */
final class InFlightTable {

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

    private final IntSupplier capacity;
    private final Map<Slot, Held> held = new LinkedHashMap<>();
    private final Map<SampleKey, Seen> seen = bounded();
    private final Map<String, Cancellation> cancelledJobs = bounded();
    private final Map<SampleKey, Cancellation> cancelledSamples = bounded();

    private int frames;

    InFlightTable(IntSupplier capacity) {
        this.capacity = capacity;
    }

    Answer answer(Task task) {
        if (cancellations(task.getRef()).anyMatch(cancelled -> cancelled.covers(task))) {
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
        if (last != null && last.attempt.equals(Attempt.of(task.getRef())) && task.getPosition() <= last.position) {
            return Answer.TAKEN_BEFORE;
        }
        boolean replaces = held.values().stream().anyMatch(h -> isOlder(h, task));
        return freeCredits() > 0 || replaces ? Answer.TAKE : Answer.FULL;
    }

    /**
     * The newest attempt of the sample that was accepted or cancelled here. {@link Attempt#NONE} if none is known, or if
     * no attempt is late enough because the sample was cancelled for all owners.
     */
    Attempt newest(SampleRef ref) {
        Seen last = seen.get(SampleKey.of(ref));
        Attempt accepted = last == null ? Attempt.NONE : last.attempt;
        if (cancellations(ref).map(Cancellation::newest).anyMatch(Attempt.NONE::equals)) {
            return Attempt.NONE;
        }
        return cancellations(ref)
                .map(Cancellation::newest)
                .reduce(accepted, (one, other) -> one.isBefore(other) ? other : one);
    }

    /** Of the sample alone, and of its whole job. */
    private Stream<Cancellation> cancellations(SampleRef ref) {
        return Stream.of(
                        Optional.ofNullable(cancelledJobs.get(ref.getJobId())),
                        Optional.ofNullable(cancelledSamples.get(SampleKey.of(ref))))
                .flatMap(Optional::stream);
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
                .filter(h -> Attempt.of(h.work.task().getRef())
                        .equals(Attempt.of(work.task().getRef())));
    }

    boolean holds(Held entry) {
        return held.get(Slot.of(entry.work.task())) == entry;
    }

    void release(Held entry) {
        if (held.remove(Slot.of(entry.work.task()), entry)) {
            entry.release();
            frames -= entry.work.isFrame() ? 1 : 0;
        }
    }

    List<Held> olderThan(Task task) {
        return matching(h -> isOlder(h, task));
    }

    List<Held> ofSample(SampleKey key) {
        return matching(h -> h.work.key().equals(key));
    }

    /** The held attempts that it covers. No such attempt will be accepted any more. */
    List<Held> cancel(Cancellation cancelled) {
        if (cancelled.sample().isPresent()) {
            SampleKey key = new SampleKey(cancelled.job(), cancelled.sample().getAsInt());
            cancelledSamples.merge(key, cancelled, Cancellation::or);
        } else {
            cancelledJobs.merge(cancelled.job(), cancelled, Cancellation::or);
        }
        return matching(h -> cancelled.covers(h.work.task()));
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

    /** Work that waits for its model takes at most half of the credits, so that images of models in memory do not wait with it. */
    boolean isFullOfLoading() {
        long loading = held.values().stream()
                .filter(h -> !h.work.isFrame() && h.waitsForModel())
                .count();
        return loading >= Math.max(1, capacity() / 2);
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
                && Attempt.of(entry.work.task().getRef()).isBefore(Attempt.of(task.getRef()));
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
     * The newest attempt of a sample, and its progress. After a partition of the ledger, two gateways may own the same
     * job under the same epoch. The first one's attempt counts, and the other one must raise its epoch.
     */
    private record Seen(Attempt attempt, String owner, int position) {
        static Seen of(Task task) {
            return new Seen(Attempt.of(task.getRef()), task.getOwner(), task.getPosition());
        }

        boolean isPast(Task task) {
            Attempt other = Attempt.of(task.getRef());
            return other.isBefore(attempt)
                    || other.equals(attempt) && !task.getOwner().equals(owner);
        }
    }
}

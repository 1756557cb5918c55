package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Resumed;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.gateway.job.JobHistory;
import dev.weir.gateway.job.JobWatcher;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.Strikes;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * A job that this gateway owns, with its record in the ledger. The end of a sample is written before it is reported, so
 * that no two owners report it. If the ledger is slow, it is reported after a short wait anyway. If the ledger refuses
 * because too few nodes share it, it is reported only after the ledger has accepted it. Everything else is reported at
 * once and written soon. One write is in progress at a time. Event loop of the gateway.
 */
final class RecordedJob implements JobWatcher {

    private static final int EVENTS = 64;
    private static final long SOON_MS = 1000;
    private static final long RETRY_MS = 250;
    private static final long LONGEST_WAIT_MS = 500;
    private static final long NONE = -1;
    private static final Duration GRACE = Duration.ofMinutes(1);

    /** Callbacks of the owner of these jobs. */
    interface Owner {

        /** @return whether this gateway may currently report events of its jobs */
        boolean speaks();

        /** An image is made, and may not be reported yet. */
        void made(Completed image);

        /** Another gateway owns the record. */
        void lost(RecordedJob job);

        /** Everything is written, and nothing more will be. */
        void closed(RecordedJob job);
    }

    private final Loop loop;
    private final Owner owner;
    private final Ledger ledger;
    private final Checkpoints checkpoints;
    private final KeptJob kept;
    private final Duration result;
    private final Map<Integer, Strikes> strikes;
    private final JobHistory history;
    /** Starts with the end of a sample that is not written yet, followed by later events. */
    private final Deque<JobEvent> waiting = new ArrayDeque<>();

    private JobRecord base;
    private Promise<Void> onWritten = Promise.promise();
    private Promise<Long> raised = Promise.promise();
    /** The epoch that the next write claims. */
    private long claimed;

    private boolean raising;
    private byte[] known;
    private long version;
    private long soonTimer = NONE;
    private boolean writing;
    private boolean dirty;
    private boolean uncertain;
    private boolean refused;
    private boolean dropped;
    private boolean leaving;

    /**
     * @param base the record with owner and epoch, and the events of earlier owners
     * @param known the record in the ledger; null: not written yet
     * @param result how long it stays there after its end
     */
    RecordedJob(
            Loop loop,
            Owner owner,
            Ledger ledger,
            Checkpoints checkpoints,
            KeptJob kept,
            JobRecord base,
            byte[] known,
            Duration result) {
        this.loop = loop;
        this.owner = owner;
        this.ledger = ledger;
        this.checkpoints = checkpoints;
        this.kept = kept;
        this.base = base.toBuilder().clearEvents().clearStrikes().build();
        this.claimed = base.getEpoch();
        this.strikes = RecordFormat.strikes(base);
        this.known = known;
        this.version = base.getVersion();
        this.result = result;
        this.history = new JobHistory(base.getSamples(), EVENTS);
        base.getEventsList().forEach(told -> RecordFormat.event(base.getId(), kept.spec(), told, new byte[0])
                .ifPresent(history::add));
    }

    KeptJob kept() {
        return kept;
    }

    String id() {
        return base.getId();
    }

    boolean isOver() {
        return history.isOver();
    }

    /** Whether the end of a sample is written, or will be. */
    boolean hasEnded(int sample) {
        return history.hasEnded(sample);
    }

    @Override
    public void on(JobEvent event) {
        if (dropped || !owner.speaks() || !history.add(event)) {
            return;
        }
        if (event instanceof Completed image) {
            owner.made(image);
        }
        if (event.isLast()) {
            waiting.add(event);
            write();
            loop.after(LONGEST_WAIT_MS, () -> tellLate(event));
        } else if (waiting.isEmpty()) {
            kept.on(event);
            if (event instanceof Resumed || event instanceof Warning) {
                write();
            } else if (!(event instanceof Preview) && !(event instanceof Queued)) {
                // A place in the queue changes often, and the next owner computes it anew.
                writeSoon();
            }
        } else if (!(event instanceof Preview) && !(event instanceof Progress)) {
            waiting.add(event);
        }
    }

    /** The end of a sample, which is written now, and which the caller reports later. */
    void end(JobEvent event) {
        if (!dropped && owner.speaks() && history.add(event)) {
            if (event instanceof Completed image) {
                owner.made(image);
            }
            write();
        }
    }

    @Override
    public void reached(int sample, Snapshot checkpoint) {
        if (!dropped && owner.speaks()) {
            checkpoints.keep(id(), sample, checkpoint, kept.spec().route(), life().plus(result));
        }
    }

    @Override
    public Future<Long> raiseEpoch(long above) {
        claimed = Math.max(claimed, Epoch.after(above, base.getOwner()));
        raising = true;
        Future<Long> granted = raised.future();
        write();
        return granted;
    }

    /** A write finds out who owns the record. */
    @Override
    public void doubted() {
        write();
    }

    /** Written together with the next event. */
    @Override
    public void struck(int sample, Strikes all) {
        strikes.put(sample, all);
    }

    /** A client has deleted the image of a sample. Completes when that is written; if it takes long, it is written later. */
    Future<Void> delete(int sample) {
        history.delete(sample);
        return settle();
    }

    /** An image that was reported before exists again. */
    void madeAgain(Completed image) {
        owner.made(image);
    }

    /** The ledger has this version. */
    void isWritten(byte[] record) {
        known = record;
    }

    /** Completes when everything known so far is written, or when that takes too long. */
    Future<Void> settle() {
        Promise<Void> settled = Promise.promise();
        onWritten = settled;
        loop.after(LONGEST_WAIT_MS, settled::tryComplete);
        write();
        return settled.future();
    }

    /** The same, for the next owner, who reports the ends that are not written: reported here too, they would be two. */
    Future<Void> handOver() {
        leaving = true;
        return settle();
    }

    /** The record to write now. */
    byte[] next() {
        JobRecord.Builder next = base.toBuilder().setEpoch(claimed).setVersion(++version);
        history.after(-1).forEach(event -> next.addEvents(RecordFormat.told(event)));
        strikes.forEach((sample, all) -> next.addStrikes(RecordFormat.strikes(sample, all)));
        return next.build().toByteArray();
    }

    Duration life() {
        return life(base, isOver(), result, loop.nowMs());
    }

    /**
     * How long a record stays in the ledger.
     *
     * @param result how long it stays there after its job's end
     */
    static Duration life(JobRecord record, boolean over, Duration result, long nowMs) {
        return over
                ? result
                : Duration.ofMillis(Math.max(0, record.getDeadlineMs() - nowMs))
                        .plus(result)
                        .plus(GRACE);
    }

    private void writeSoon() {
        if (soonTimer == NONE) {
            soonTimer = loop.after(SOON_MS, this::write);
        }
    }

    /** Writes everything known so far, at once or after the write in progress. */
    void write() {
        loop.cancel(soonTimer);
        soonTimer = NONE;
        dirty = true;
        if (!writing && !dropped) {
            writing = true;
            if (uncertain) {
                reconcile();
            } else {
                put();
            }
        }
    }

    private void put() {
        dirty = false;
        long epoch = claimed;
        List<JobEvent> written = List.copyOf(waiting);
        byte[] next = next();
        (known == null ? ledger.create(id(), next, life()) : ledger.replace(id(), known, next, life()))
                .onComplete(answer -> {
                    if (dropped) {
                        return;
                    }
                    refused = answer.cause() instanceof MemoryException problem && problem.refused();
                    if (answer.succeeded() && answer.result()) {
                        known = next;
                        writing = false;
                        owns(epoch);
                        tell(written);
                        goOn();
                    } else if (answer.succeeded()) {
                        reconcile();
                    } else {
                        uncertain = true;
                        retry();
                    }
                });
    }

    /** Another gateway has written, or an earlier write of this one took effect unnoticed. */
    private void reconcile() {
        ledger.find(id()).onComplete(answer -> {
            if (dropped) {
                return;
            }
            if (answer.failed()) {
                uncertain = true;
                retry();
                return;
            }
            JobRecord found = answer.result().map(Ledger.Entry::record).orElse(base);
            byte[] there = answer.result().map(Ledger.Entry::bytes).orElse(null);
            // Read from an outdated copy: a previous owner, or no entry although one was to be replaced.
            if (found.getEpoch() < base.getEpoch() || !uncertain && Arrays.equals(there, known)) {
                uncertain = true;
                retry();
                return;
            }
            if (!found.getOwner().equals(base.getOwner())) {
                owner.lost(this);
                return;
            }
            uncertain = false;
            known = there;
            owns(found.getEpoch()); // A later one if a write that raised it took effect unnoticed.
            put();
        });
    }

    /** The record has this epoch. */
    private void owns(long epoch) {
        claimed = Math.max(claimed, epoch);
        if (epoch != base.getEpoch()) {
            base = base.toBuilder().setEpoch(epoch).build();
        }
        if (epoch == claimed && raising) {
            raising = false;
            Promise<Long> granted = raised;
            raised = Promise.promise();
            granted.complete(epoch);
        }
    }

    private void retry() {
        loop.after(RETRY_MS, () -> {
            writing = false;
            write();
        });
    }

    private void goOn() {
        if (dirty) {
            write();
            return;
        }
        onWritten.tryComplete();
        // Not while images that were announced before are regenerated.
        if (isOver() && waiting.isEmpty() && kept.isOver()) {
            owner.closed(this);
        }
    }

    /** Reports what is written, and events that only waited for it. */
    private void tell(List<JobEvent> written) {
        while (!waiting.isEmpty() && (!waiting.peek().isLast() || written.contains(waiting.peek()))) {
            kept.on(waiting.poll());
        }
    }

    private void tellLate(JobEvent event) {
        if (!dropped && !leaving && !refused && owner.speaks() && waiting.contains(event)) {
            while (waiting.peek() != event) {
                kept.on(waiting.poll());
            }
            tell(List.of(event));
        }
    }

    /** Another gateway owns the job: nothing more is written or reported. */
    void drop() {
        dropped = true;
        raised.tryFail("another gateway owns the job");
        waiting.clear();
        loop.cancel(soonTimer);
    }
}

package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Deleted;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.runtime.Loop;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A job that outlives its request, as this gateway shows it, whichever gateway owns it: its latest events, its images,
 * and its current watchers. Frames go to the watchers and are not stored. Event loop of the gateway.
 */
public final class KeptJob {

    private static final int EVENTS = 512;

    /** The state of a whole job. */
    public enum Status {
        QUEUED,
        GENERATING,
        COMPLETED,
        FAILED,
        CANCELLED
    }

    private final String id;
    private final JobSpec spec;
    private final long createdMs;
    private final Loop loop;
    private final JobHistory history;
    /** With the action for the case that nothing more is received about the job here. */
    private final Map<Consumer<JobEvent>, Runnable> watchers = new LinkedHashMap<>();

    private long seq;
    private long askedMs;
    private long endedMs;
    private long inputBytes;
    private boolean abandoned;

    public KeptJob(String id, JobSpec spec, long createdMs, Loop loop) {
        this.id = id;
        this.spec = spec;
        this.createdMs = createdMs;
        this.loop = loop;
        this.askedMs = loop.nowMs();
        this.history = new JobHistory(spec.samples(), EVENTS);
    }

    /** Accepts an event and reports it if it is new. */
    public void on(JobEvent event) {
        if (event instanceof Deleted deleted && delete(deleted.at().sample()) || !history.add(event)) {
            return;
        }
        seq = Math.max(seq, event.at().seq());
        if (isOver()) {
            endedMs = loop.nowMs();
        }
        List.copyOf(watchers.keySet()).forEach(watcher -> watcher.accept(event));
        if (isOver()) {
            watchers.clear();
        }
    }

    /** Forgets the image of a sample. @return whether it had one */
    public boolean delete(int sample) {
        return history.delete(sample);
    }

    /** Nothing more is received about it here, though it may continue elsewhere. */
    public void lose() {
        List<Runnable> left = List.copyOf(watchers.values());
        watchers.clear();
        left.forEach(Runnable::run);
    }

    public String id() {
        return id;
    }

    public JobSpec spec() {
        return spec;
    }

    public long createdMs() {
        return createdMs;
    }

    long endedMs() {
        return endedMs;
    }

    /** The number of the newest event; 0 before the first. */
    public long seq() {
        return seq;
    }

    /** Records that somebody asked for it. */
    public void asked() {
        askedMs = loop.nowMs();
    }

    /** How long nobody has asked for it or watched it. */
    public long idleMs() {
        return watchers.isEmpty() ? loop.nowMs() - askedMs : 0;
    }

    public boolean isOver() {
        return history.isOver();
    }

    public Status status() {
        if (isOver()) {
            return history.latest().anyMatch(Failed.class::isInstance)
                    ? Status.FAILED
                    : history.latest().anyMatch(Cancelled.class::isInstance) ? Status.CANCELLED : Status.COMPLETED;
        }
        return history.hasBegun() ? Status.GENERATING : Status.QUEUED;
    }

    public List<Warning> warnings() {
        return history.warnings();
    }

    /** The newest event of each sample, without frames and warnings. Empty before the first. */
    public Optional<JobEvent> latest(int sample) {
        return history.latest(sample);
    }

    public boolean hasEnded(int sample) {
        return history.hasEnded(sample);
    }

    /** The number of the last end of a sample before an event; 0: there is none. */
    public long lastEndBefore(JobEvent event) {
        return history.latest()
                .filter(JobEvent::isLast)
                .mapToLong(end -> end.at().seq())
                .filter(end -> end < event.at().seq())
                .max()
                .orElse(0);
    }

    public boolean hasPictures() {
        return history.latest().anyMatch(Completed.class::isInstance);
    }

    public Optional<Picture> picture(int sample) {
        return latest(sample).filter(Completed.class::isInstance).map(event -> ((Completed) event).picture());
    }

    /** @param bytes of the request's images that are kept after its end */
    public void keeps(long bytes) {
        inputBytes = bytes;
    }

    /** Of its images, and of those that they are made from again. */
    long bytes() {
        return inputBytes + pictureBytes();
    }

    private long pictureBytes() {
        return history.latest()
                .filter(Completed.class::isInstance)
                .mapToLong(event -> ((Completed) event).picture().bytes().length)
                .sum();
    }

    /** It ends with its clients, and one of them has disconnected. */
    public void abandon() {
        abandoned = true;
    }

    public boolean isAbandoned() {
        return abandoned;
    }

    /** The stored events after a number. */
    public List<JobEvent> eventsAfter(long after) {
        return history.after(after);
    }

    /** The number of current watchers. */
    public int watchers() {
        return watchers.size();
    }

    /** @param onLost called if nothing more is received about the job here before its end */
    public void watch(Consumer<JobEvent> watcher, Runnable onLost) {
        watchers.put(watcher, onLost);
    }

    public void unwatch(Consumer<JobEvent> watcher) {
        if (watchers.remove(watcher) != null) {
            asked();
        }
    }
}

package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Queued;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A job that outlives the request it came with: its latest events, its pictures, and who watches at the moment. Frames go to
 * those who watch and are not kept. Event loop of {@link Jobs}.
 */
public final class KeptJob {

    private static final int EVENTS = 512;

    /** What a job as a whole is doing. */
    public enum Status {
        QUEUED,
        GENERATING,
        COMPLETED,
        FAILED,
        CANCELLED
    }

    private final JobSpec spec;
    private final long createdMs;
    private final Deque<JobEvent> events = new ArrayDeque<>();
    private final JobEvent[] latest;
    private final List<Consumer<JobEvent>> watchers = new ArrayList<>();
    private String id;
    private long endedMs;

    KeptJob(JobSpec spec, long createdMs) {
        this.spec = spec;
        this.createdMs = createdMs;
        this.latest = new JobEvent[spec.samples()];
    }

    void named(String newId) {
        id = newId;
    }

    void on(JobEvent event) {
        if (!(event instanceof Preview)) {
            latest[event.at().sample()] = event;
            events.add(event);
            if (events.size() > EVENTS) {
                events.remove();
            }
        }
        if (event.isLast() && isOver()) {
            endedMs = System.currentTimeMillis();
        }
        List.copyOf(watchers).forEach(watcher -> watcher.accept(event));
        if (isOver()) {
            watchers.clear();
        }
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

    public boolean isOver() {
        return Arrays.stream(latest).allMatch(event -> event != null && event.isLast());
    }

    public Status status() {
        if (isOver()) {
            return Stream.of(latest).anyMatch(Failed.class::isInstance)
                    ? Status.FAILED
                    : Stream.of(latest).anyMatch(Cancelled.class::isInstance) ? Status.CANCELLED : Status.COMPLETED;
        }
        return Stream.of(latest).allMatch(event -> event == null || event instanceof Queued)
                ? Status.QUEUED
                : Status.GENERATING;
    }

    /** The newest event of each sample, frames aside; empty before the first. */
    public Optional<JobEvent> latest(int sample) {
        return Optional.ofNullable(latest[sample]);
    }

    public Optional<Picture> picture(int sample) {
        return latest(sample).filter(Completed.class::isInstance).map(event -> ((Completed) event).picture());
    }

    long pictureBytes() {
        return Stream.of(latest)
                .filter(Completed.class::isInstance)
                .mapToLong(event -> ((Completed) event).picture().bytes().length)
                .sum();
    }

    /** The kept events past a number. */
    public List<JobEvent> eventsAfter(long seq) {
        return events.stream().filter(event -> event.at().seq() > seq).toList();
    }

    /** How many watch it at the moment. */
    public int watchers() {
        return watchers.size();
    }

    public void watch(Consumer<JobEvent> watcher) {
        watchers.add(watcher);
    }

    public void unwatch(Consumer<JobEvent> watcher) {
        watchers.remove(watcher);
    }
}

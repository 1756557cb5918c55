package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Deleted;
import dev.weir.gateway.job.JobEvent.Loading;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Resumed;
import dev.weir.gateway.job.JobEvent.Started;
import dev.weir.gateway.job.JobEvent.Warning;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The events of a job: its warnings, the end of each sample, and the newest of the others, without frames. One thread.
 */
public final class JobHistory {

    private final int most;
    private final JobEvent[] latest;
    private final Warnings warnings = new Warnings();
    private final Deque<JobEvent> passing = new ArrayDeque<>();
    private boolean begun;

    /** @param most the number of events that are kept besides warnings and the last event of each sample */
    public JobHistory(int samples, int most) {
        this.latest = new JobEvent[samples];
        this.most = most;
    }

    /** @return whether the event is new: after the end of a sample only warnings about the job follow */
    public boolean add(JobEvent event) {
        if (event instanceof Warning warning) {
            return warnings.add(warning);
        }
        int sample = event.at().sample();
        if (hasEnded(sample)) {
            return false;
        }
        // A place in the queue is no news of a sample that waits for its model.
        if (event instanceof Preview || event instanceof Queued && latest[sample] instanceof Loading) {
            return true;
        }
        if (event instanceof Queued && latest[sample] instanceof Queued) {
            passing.remove(
                    latest[sample]); // The place in the queue is told again and again, and only the newest counts.
        }
        begun |= event instanceof Started
                || event instanceof Progress
                || event instanceof Completed
                || event instanceof Resumed && event.at().step() > 0;
        latest[sample] = event;
        if (!event.isLast()) {
            passing.add(event);
            if (passing.size() > most) {
                Iterator<JobEvent> oldest = passing.iterator();
                oldest.next();
                oldest.remove();
            }
        }
        return true;
    }

    /** Forgets the image of a sample. @return whether it had one */
    public boolean delete(int sample) {
        boolean had = latest[sample] instanceof Completed;
        if (had) {
            latest[sample] = new Deleted(latest[sample].at());
        }
        return had;
    }

    /** Whether a stage with steps has begun with any sample. */
    public boolean hasBegun() {
        return begun;
    }

    public List<Warning> warnings() {
        return warnings.all();
    }

    /** The newest event of a sample, without warnings. Empty before the first. */
    public Optional<JobEvent> latest(int sample) {
        return Optional.ofNullable(latest[sample]);
    }

    public Stream<JobEvent> latest() {
        return Stream.of(latest).filter(event -> event != null);
    }

    public boolean hasEnded(int sample) {
        return latest[sample] != null && latest[sample].isLast();
    }

    public boolean isOver() {
        return Arrays.stream(latest).allMatch(event -> event != null && event.isLast());
    }

    /** The events after a number, in order. */
    public List<JobEvent> after(long seq) {
        return Stream.of(passing.stream(), latest().filter(JobEvent::isLast), warnings.all().stream())
                .<JobEvent>flatMap(events -> events)
                .filter(event -> event.at().seq() > seq)
                .sorted(Comparator.comparingLong(event -> event.at().seq()))
                .toList();
    }
}

package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Warning;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What was told of a job: its warnings, how each sample ended, and the newest of the rest, frames aside. One thread. */
public final class JobHistory {

    private final int most;
    private final JobEvent[] latest;
    private final Warnings warnings = new Warnings();
    private final Deque<JobEvent> passing = new ArrayDeque<>();

    /** @param most events that are kept besides warnings and the last of each sample */
    public JobHistory(int samples, int most) {
        this.latest = new JobEvent[samples];
        this.most = most;
    }

    /** @return whether it says something new: nothing follows how a sample ended, but a warning about the job */
    public boolean add(JobEvent event) {
        if (event instanceof Warning warning) {
            return warnings.add(warning);
        }
        int sample = event.at().sample();
        if (hasEnded(sample)) {
            return false;
        }
        if (event instanceof Preview) {
            return true;
        }
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

    public List<Warning> warnings() {
        return warnings.all();
    }

    /** The newest event of a sample, warnings aside; empty before the first. */
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

    /** Those past a number, by their numbers. */
    public List<JobEvent> after(long seq) {
        return Stream.of(passing.stream(), latest().filter(JobEvent::isLast), warnings.all().stream())
                .<JobEvent>flatMap(events -> events)
                .filter(event -> event.at().seq() > seq)
                .sorted(Comparator.comparingLong(event -> event.at().seq()))
                .toList();
    }
}

package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Preview;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What was told of a job: how each sample ended, and the newest of the rest, frames aside. One thread. */
public final class JobHistory {

    private final int most;
    private final JobEvent[] latest;
    private final Deque<JobEvent> passing = new ArrayDeque<>();

    /** @param most events that are kept besides the last of each sample */
    public JobHistory(int samples, int most) {
        this.latest = new JobEvent[samples];
        this.most = most;
    }

    /** @return whether it says something new: nothing follows how a sample ended */
    public boolean add(JobEvent event) {
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

    /** The newest event of a sample; empty before the first. */
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
        return Stream.concat(passing.stream(), latest().filter(JobEvent::isLast))
                .filter(event -> event.at().seq() > seq)
                .sorted(Comparator.comparingLong(event -> event.at().seq()))
                .toList();
    }
}

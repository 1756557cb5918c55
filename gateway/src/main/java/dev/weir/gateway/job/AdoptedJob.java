package dev.weir.gateway.job;

import dev.weir.runtime.stage.Snapshot;
import java.util.List;
import java.util.Optional;

/**
 * A job as it comes to another owner.
 *
 * @param lastSeq past all numbers of events that were told
 */
public record AdoptedJob(
        String id, JobSpec spec, long createdMs, long deadlineMs, long lastSeq, List<AdoptedSample> samples) {

    public AdoptedJob {
        samples = List.copyOf(samples);
    }

    /**
     * @param attempt its latest, past all that came before
     * @param step that was told of it
     * @param checkpoint where it goes on; empty: at the start of its route
     * @param strikes that it had with the owners before
     * @param ended whether there is nothing left to do for it
     */
    public record AdoptedSample(int attempt, int step, Optional<Snapshot> checkpoint, Strikes strikes, boolean ended) {}
}

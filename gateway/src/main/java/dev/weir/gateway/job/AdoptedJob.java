package dev.weir.gateway.job;

import dev.weir.runtime.stage.Snapshot;
import java.util.List;
import java.util.Optional;

/**
 * A job as its next owner receives it.
 *
 * @param epoch of its new owner
 */
public record AdoptedJob(
        String id, JobSpec spec, long createdMs, long deadlineMs, long epoch, List<AdoptedSample> samples) {

    public AdoptedJob {
        samples = List.copyOf(samples);
    }

    /**
     * @param attempt the latest one that its owners wrote
     * @param step the last reported step
     * @param checkpoint from which it continues; empty: from the start of its route
     * @param strikes with the previous owners
     * @param ended whether nothing is left to do for it
     */
    public record AdoptedSample(int attempt, int step, Optional<Snapshot> checkpoint, Strikes strikes, boolean ended) {}
}

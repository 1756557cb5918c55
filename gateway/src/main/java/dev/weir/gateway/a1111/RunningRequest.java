package dev.weir.gateway.a1111;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Picture;
import java.util.Arrays;
import java.util.Optional;

/** How far a request is whose client waits for its answer. Event loop of the gateway. */
final class RunningRequest {

    private static final double BEGUN = 0.01;

    private final String task;
    private final String caller;
    private final JobSpec spec;
    private final long startedMs;
    private final int[] steps;
    private final boolean[] ended;
    /** Of each sample the picture, or its newest frame. */
    private final Picture[] pictures;

    private int newest;
    private boolean interrupted;
    private boolean skipped;

    /** @param task the name that the client gave it; empty: none */
    RunningRequest(String task, String caller, JobSpec spec, long startedMs) {
        this.task = task;
        this.caller = caller;
        this.spec = spec;
        this.startedMs = startedMs;
        this.steps = new int[spec.samples()];
        this.ended = new boolean[spec.samples()];
        this.pictures = new Picture[spec.samples()];
    }

    void on(JobEvent event) {
        int sample = event.at().sample();
        steps[sample] = Math.max(steps[sample], event.at().step());
        if (event instanceof Preview preview) {
            pictures[sample] = preview.picture();
            newest = sample;
        } else if (event instanceof Completed completed) {
            pictures[sample] = completed.picture();
            newest = sample;
        }
        ended[sample] |= event.isLast();
    }

    String task() {
        return task;
    }

    String caller() {
        return caller;
    }

    JobSpec spec() {
        return spec;
    }

    long startedMs() {
        return startedMs;
    }

    int samples() {
        return steps.length;
    }

    /** The first sample that has not ended; the last one where all have. */
    int current() {
        for (int i = 0; i < ended.length; i++) {
            if (!ended[i]) {
                return i;
            }
        }
        return ended.length - 1;
    }

    boolean isOver() {
        return current() == ended.length - 1 && ended[ended.length - 1];
    }

    int step() {
        return steps[current()];
    }

    /** From 0.01 to 1. */
    double progress() {
        double total = Math.max(1, spec.totalSteps() * samples());
        return Math.min(1, BEGUN + Arrays.stream(steps).sum() / total);
    }

    /** The newest picture of any sample. */
    Optional<Picture> shown() {
        return Optional.ofNullable(pictures[newest]);
    }

    /** The picture of a sample, or its newest frame. */
    Optional<Picture> picture(int sample) {
        return Optional.ofNullable(pictures[sample]);
    }

    void interrupt() {
        interrupted = true;
    }

    boolean isInterrupted() {
        return interrupted;
    }

    void skip() {
        skipped = true;
    }

    boolean isSkipped() {
        return skipped;
    }
}

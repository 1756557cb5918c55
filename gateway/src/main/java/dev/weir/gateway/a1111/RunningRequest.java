package dev.weir.gateway.a1111;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Picture;
import java.util.Arrays;
import java.util.Optional;

/** How far a request is whose client waits for its answer, through one pass or two. Event loop of the gateway. */
final class RunningRequest {

    private static final double BEGUN = 0.01;

    private final String task;
    private final String caller;
    private final JobSpec spec;
    private final Optional<JobSpec> second;
    private final long startedMs;
    private final int[] steps;
    private final boolean[] ended;
    private final boolean[] completed;
    /** Of each sample the picture, or its newest frame. */
    private final Picture[] pictures;

    private boolean inSecondPass;
    private int newest;
    private boolean interrupted;
    private boolean skipped;

    /**
     * @param task the name that the client gave it; empty: none
     * @param second a sample of the second pass, if there is one
     */
    RunningRequest(String task, String caller, JobSpec spec, Optional<JobSpec> second, long startedMs) {
        this.task = task;
        this.caller = caller;
        this.spec = spec;
        this.second = second;
        this.startedMs = startedMs;
        this.steps = new int[spec.samples()];
        this.ended = new boolean[spec.samples()];
        this.completed = new boolean[spec.samples()];
        this.pictures = new Picture[spec.samples()];
    }

    void on(int sample, JobEvent event) {
        steps[sample] = Math.max(steps[sample], event.at().step());
        if (event instanceof Preview preview) {
            pictures[sample] = preview.picture();
            newest = sample;
        } else if (event instanceof Completed done) {
            pictures[sample] = done.picture();
            completed[sample] = true;
            newest = sample;
        }
        ended[sample] |= event.isLast();
    }

    /** Samples whose first pass did not complete have none. */
    void beginSecondPass() {
        inSecondPass = true;
        for (int sample = 0; sample < samples(); sample++) {
            steps[sample] = 0;
            ended[sample] = !completed[sample];
        }
    }

    boolean isInSecondPass() {
        return inSecondPass;
    }

    /** Whether the first pass of a sample gave its picture, or the second one did. */
    boolean isCompleted(int sample) {
        return completed[sample];
    }

    String task() {
        return task;
    }

    String caller() {
        return caller;
    }

    /** The first pass. */
    JobSpec spec() {
        return spec;
    }

    /** That of the first sample. */
    Optional<JobSpec> second() {
        return second;
    }

    /** The second pass of a sample, without the picture that it begins with. */
    JobSpec second(int sample) {
        JobSpec job = second.orElseThrow();
        return job.making(
                job.generation().toBuilder().setSeed(spec.seed(sample)).build());
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

    /** Of the pass that runs. */
    int stepsOfPass() {
        return inSecondPass ? second.orElseThrow().totalSteps() : spec.totalSteps();
    }

    /** From 0.01 to 1. */
    double progress() {
        int before = inSecondPass ? spec.totalSteps() * samples() : 0;
        int all = (spec.totalSteps() + second.map(JobSpec::totalSteps).orElse(0)) * samples();
        return Math.min(1, BEGUN + (before + Arrays.stream(steps).sum()) / (double) Math.max(1, all));
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

package dev.weir.gateway.job;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Snapshot;
import java.util.List;

/**
 * Turns the events of stages into the events for watchers: each step and frame once, whichever attempt made it. Drops
 * outdated events. Event loop of {@link Jobs}, which ends samples.
 */
final class StageEvents {

    private final Jobs jobs;
    private final Restarts restarts;
    private final JobMetrics metrics;

    StageEvents(Jobs jobs, Restarts restarts, JobMetrics metrics) {
        this.jobs = jobs;
        this.restarts = restarts;
        this.metrics = metrics;
    }

    void on(Event event, List<Tensor> tensors) {
        Job job = jobs.find(event.getRef().getJobId());
        int index = event.getRef().getSample();
        if (job == null
                || index < 0
                || index >= job.samples().size()
                || !job.spec().has(event.getPosition())) {
            metrics.stale();
            return;
        }
        Sample sample = job.samples().get(index);
        if (!sample.takes(event)) {
            metrics.stale();
            return;
        }
        sample.heard(event, jobs.now());
        sample.reached(job.spec().reached(event));
        switch (event.getWhatCase()) {
            case LOADING -> loading(job, sample, event);
            case STARTED -> begin(job, sample, event);
            case PROGRESS -> progress(job, sample, event);
            case WARNING -> job.warn(sample, event.getWarning());
            case FRAME -> frame(job, sample, event, tensors);
            case CHECKPOINTED -> checkpoint(job, sample, event.getCheckpointed().getCheckpoint(), tensors);
            case FINISHED -> finished(job, sample, event, tensors);
            case FAILED -> restarts.failed(job, sample, Failure.of(event.getFailed()));
            case HANDED_BACK -> {
                if (event.getHandedBack().hasCheckpoint()) {
                    checkpoint(job, sample, event.getHandedBack().getCheckpoint(), tensors);
                }
                restarts.handedBack(job, sample, event.getHandedBack().getTo());
            }
            default -> {}
        }
    }

    /** It is reported as queued until a stage after the encoders starts it. */
    private static void begin(Job job, Sample sample, Event event) {
        Stage stage = job.spec().route().get(event.getPosition());
        if (stage.getRole() != StageRole.ENCODE && sample.begin()) {
            job.tell(new JobEvent.Started(job.moment(sample), stage.getName(), event.getNode()));
        }
    }

    /** Of interest as long as nothing is seen of the image. Its node repeats it as a sign of life, which is not told again. */
    private static void loading(Job job, Sample sample, Event event) {
        if (!sample.started() && sample.loadsAt(event.getPosition())) {
            Stage stage = job.spec().route().get(event.getPosition());
            job.tell(new JobEvent.Loading(job.moment(sample), stage.getName(), event.getNode()));
        }
    }

    private void progress(Job job, Sample sample, Event event) {
        begin(job, sample, event); // Its start may have got lost.
        int step =
                job.spec().overallStep(event.getPosition(), event.getProgress().getStep());
        if (sample.stepped(step)) {
            job.tell(new JobEvent.Progress(
                    job.moment(sample),
                    job.spec().route().get(event.getPosition()).getName(),
                    event.getProgress().getStepSeconds()));
        }
    }

    private void frame(Job job, Sample sample, Event event, List<Tensor> tensors) {
        int from = event.getFrame().getFrom();
        if (!job.spec().has(from) || tensors.size() != 1) {
            return;
        }
        int step = job.spec().overallStep(from, event.getFrame().getStep());
        if (sample.showsFrame(step)) {
            Picture picture = new Picture(
                    event.getFrame().getFormat(),
                    event.getFrame().getWidth(),
                    event.getFrame().getHeight(),
                    tensors.get(0).toBytes(),
                    false);
            job.tell(new JobEvent.Preview(job.moment(sample, step), picture));
        }
    }

    private void checkpoint(Job job, Sample sample, Checkpoint at, List<Tensor> tensors) {
        boolean isOnTheRoute = job.spec().has(at.getPosition());
        Snapshot checkpoint = new Snapshot(at, tensors);
        // From a number that is not finite no node could go on.
        boolean isFinite = tensors.stream().allMatch(Tensor::isFinite);
        if (isOnTheRoute && isFinite && sample.keeps(checkpoint)) {
            sample.reached(job.spec().reached(at));
            job.reached(sample, checkpoint);
        }
    }

    private void finished(Job job, Sample sample, Event event, List<Tensor> tensors) {
        if (tensors.size() != 1) {
            restarts.failed(job, sample, new Failure("no_image", event.getNode() + " finished without an image", true));
            return;
        }
        Picture picture = new Picture(
                event.getFinished().getFormat(),
                event.getFinished().getWidth(),
                event.getFinished().getHeight(),
                tensors.get(0).toBytes(),
                event.getFinished().getFlagged());
        double seconds = (jobs.now() - job.createdMs()) / 1000.0;
        sample.stepped(job.spec().totalSteps());
        jobs.end(
                job,
                sample,
                "completed",
                new JobEvent.Completed(
                        job.moment(sample), picture, event.getFinished().getTimingsList(), seconds));
    }
}

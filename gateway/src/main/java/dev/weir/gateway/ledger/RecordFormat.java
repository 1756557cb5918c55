package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Deleted;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Loading;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Progress;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobEvent.Resumed;
import dev.weir.gateway.job.JobEvent.Started;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.JobSpec.Terms;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.Picture;
import dev.weir.gateway.job.Strikes;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobEventRecord.Image;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.stage.Failure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Converts jobs and their events to and from the messages that are stored and sent. Stateless. */
final class RecordFormat {

    private RecordFormat() {}

    /** The record of a new job without events. */
    static JobRecord describe(String id, JobSpec spec, long createdMs, long deadlineMs, String owner) {
        JobRecord.Builder record = JobRecord.newBuilder()
                .setId(id)
                .setModel(spec.model())
                .addAllRoute(spec.route())
                .setGeneration(spec.generation())
                .setSamples(spec.samples())
                .setPreview(spec.preview())
                .setUser(spec.user())
                .setPriority(spec.terms().priority())
                .setFinishes(spec.terms().onDisconnect() == OnDisconnect.FINISH)
                .setCreatedMs(createdMs)
                .setDeadlineMs(deadlineMs)
                .setOwner(owner)
                .setTraceparent(spec.terms().traceparent());
        spec.terms().webhook().ifPresent(record::setWebhook);
        return record.build();
    }

    static JobSpec spec(JobRecord record) {
        Terms terms = new Terms(
                record.getUser(),
                record.getPriority(),
                record.getFinishes() ? OnDisconnect.FINISH : OnDisconnect.CANCEL,
                record.getTraceparent(),
                Optional.empty(),
                record.hasWebhook() ? Optional.of(record.getWebhook()) : Optional.empty());
        return new JobSpec(
                record.getModel(),
                record.getRouteList(),
                record.getGeneration(),
                record.getSamples(),
                record.getPreview(),
                List.of(),
                terms);
    }

    /** By sample. */
    static Map<Integer, Strikes> strikes(JobRecord record) {
        Map<Integer, Strikes> bySample = new HashMap<>();
        record.getStrikesList()
                .forEach(strikes ->
                        bySample.put(strikes.getSample(), new Strikes(strikes.getNodesList(), strikes.getReached())));
        return bySample;
    }

    static dev.weir.proto.v1.Strikes strikes(int sample, Strikes strikes) {
        return dev.weir.proto.v1.Strikes.newBuilder()
                .setSample(sample)
                .addAllNodes(strikes.nodes())
                .setReached(strikes.reached())
                .build();
    }

    static JobEventRecord told(JobEvent event) {
        Moment at = event.at();
        JobEventRecord.Builder told = JobEventRecord.newBuilder()
                .setSample(at.sample())
                .setSeq(at.seq())
                .setAttempt(at.attempt())
                .setStep(at.step());
        if (event instanceof Queued queued) {
            told.setQueued(JobEventRecord.Queued.newBuilder()
                    .setPosition(queued.position())
                    .setWaitSeconds(queued.waitSeconds()));
        } else if (event instanceof Loading loading) {
            told.setLoading(JobEventRecord.Loading.newBuilder()
                    .setStage(loading.stage())
                    .setNode(loading.node()));
        } else if (event instanceof Started started) {
            told.setStarted(JobEventRecord.Started.newBuilder()
                    .setStage(started.stage())
                    .setNode(started.node()));
        } else if (event instanceof Resumed resumed) {
            told.setResumed(JobEventRecord.Resumed.newBuilder().setReason(resumed.reason()));
        } else if (event instanceof Progress progress) {
            told.setProgress(JobEventRecord.Progress.newBuilder()
                    .setStage(progress.stage())
                    .setStepSeconds(progress.stepSeconds()));
        } else if (event instanceof Warning warning) {
            told.setWarning(dev.weir.proto.v1.Warning.newBuilder()
                    .setCode(warning.code())
                    .setMessage(warning.message())
                    .setParam(warning.param()));
        } else if (event instanceof Preview preview) {
            told.setPreview(image(preview.picture()));
        } else if (event instanceof Completed completed) {
            told.setCompleted(JobEventRecord.Completed.newBuilder()
                    .setImage(image(completed.picture()))
                    .addAllTimings(completed.timings())
                    .setSeconds(completed.seconds()));
        } else if (event instanceof Failed failed) {
            told.setFailed(JobEventRecord.Failed.newBuilder()
                    .setCode(failed.failure().code())
                    .setMessage(failed.failure().message()));
        } else if (event instanceof Cancelled) {
            told.setCancelled(JobEventRecord.Cancelled.getDefaultInstance());
        } else if (event instanceof Deleted) {
            told.setDeleted(JobEventRecord.Deleted.getDefaultInstance());
        }
        return told.build();
    }

    /** The same record, with the image of a sample deleted. */
    static JobRecord without(JobRecord record, int sample) {
        JobRecord.Builder without = record.toBuilder().setVersion(record.getVersion() + 1);
        without.getEventsBuilderList().stream()
                .filter(told -> told.hasCompleted() && told.getSample() == sample)
                .forEach(told -> told.setDeleted(JobEventRecord.Deleted.getDefaultInstance()));
        return without.build();
    }

    /** Whether the record has each end that is shown of its job, under the same number. */
    static boolean hasEnds(JobRecord record, KeptJob shown) {
        return shown.eventsAfter(-1).stream().filter(JobEvent::isLast).allMatch(end -> record.getEventsList().stream()
                .anyMatch(told -> told.getSample() == end.at().sample()
                        && told.getSeq() == end.at().seq()));
    }

    /** The image of an event. */
    static Optional<Picture> picture(JobEvent event) {
        return event instanceof Preview preview
                ? Optional.of(preview.picture())
                : event instanceof Completed completed ? Optional.of(completed.picture()) : Optional.empty();
    }

    /**
     * @param image bytes of the event's image
     * @return empty if a newer version sent an event that this version does not know
     */
    static Optional<JobEvent> event(String job, JobSpec spec, JobEventRecord told, byte[] image) {
        if (told.getSample() < 0 || told.getSample() >= spec.samples()) {
            return Optional.empty();
        }
        Moment at = new Moment(
                job,
                told.getSample(),
                told.getSeq(),
                spec.seed(told.getSample()),
                told.getAttempt(),
                told.getStep(),
                spec.totalSteps());
        return Optional.ofNullable(
                switch (told.getWhatCase()) {
                    case QUEUED ->
                        new Queued(
                                at,
                                told.getQueued().getPosition(),
                                told.getQueued().getWaitSeconds());
                    case LOADING ->
                        new Loading(
                                at,
                                told.getLoading().getStage(),
                                told.getLoading().getNode());
                    case STARTED ->
                        new Started(
                                at,
                                told.getStarted().getStage(),
                                told.getStarted().getNode());
                    case RESUMED -> new Resumed(at, told.getResumed().getReason());
                    case PROGRESS ->
                        new Progress(
                                at,
                                told.getProgress().getStage(),
                                told.getProgress().getStepSeconds());
                    case WARNING ->
                        new Warning(
                                at,
                                told.getWarning().getCode(),
                                told.getWarning().getMessage(),
                                told.getWarning().getParam());
                    case PREVIEW -> new Preview(at, picture(told.getPreview(), image));
                    case COMPLETED ->
                        new Completed(
                                at,
                                picture(told.getCompleted().getImage(), image),
                                told.getCompleted().getTimingsList(),
                                told.getCompleted().getSeconds());
                    case FAILED ->
                        new Failed(
                                at,
                                new Failure(
                                        told.getFailed().getCode(),
                                        told.getFailed().getMessage(),
                                        false));
                    case CANCELLED -> new Cancelled(at);
                    case DELETED -> new Deleted(at);
                    case WHAT_NOT_SET -> null;
                });
    }

    private static Image image(Picture picture) {
        return Image.newBuilder()
                .setFormat(picture.format())
                .setWidth(picture.width())
                .setHeight(picture.height())
                .setFlagged(picture.flagged())
                .build();
    }

    private static Picture picture(Image image, byte[] bytes) {
        return new Picture(image.getFormat(), image.getWidth(), image.getHeight(), bytes, image.getFlagged());
    }
}

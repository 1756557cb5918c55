package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Edition;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** A request in progress: its samples, and the watcher of its events. Event loop of {@link Jobs}, which changes it. */
public final class Job {

    /**
     * The numbers of events have the epoch above these bits, so that they rise across owners. With thirty thousand owners they are
     * still exact in JSON as JavaScript reads it, which has 53 bits.
     */
    private static final int EPOCH_BITS = 24;

    private final String id;
    private final JobSpec spec;
    private final long createdMs;
    private final long deadlineMs;
    private final List<Sample> samples;
    private final JobWatcher watcher;
    private final Warnings warnings = new Warnings();
    private long epoch;
    private long seq;

    Job(String id, JobSpec spec, long createdMs, long deadlineMs, JobWatcher watcher) {
        this.id = id;
        this.spec = spec;
        this.createdMs = createdMs;
        this.deadlineMs = deadlineMs;
        this.watcher = watcher;
        this.samples = IntStream.range(0, spec.samples())
                .mapToObj(i -> new Sample(i, createdMs))
                .toList();
    }

    /** A job that another owner started. */
    Job(AdoptedJob adopted, JobWatcher watcher, long nowMs) {
        this(adopted.id(), adopted.spec(), adopted.createdMs(), adopted.deadlineMs(), watcher);
        isOf(adopted.epoch());
        samples.forEach(sample -> {
            sample.adopt(adopted.samples().get(sample.index()), epoch, nowMs);
            sample.checkpoint().ifPresent(from -> sample.reached(spec.reached(from.checkpoint())));
        });
    }

    /** From now on attempts and events are of this epoch. */
    private void isOf(long newEpoch) {
        epoch = newEpoch;
        seq = Math.max(seq, newEpoch << EPOCH_BITS);
    }

    /** The epoch of its owner, with which its next attempts start. */
    long epoch() {
        return epoch;
    }

    /**
     * Completes when its next attempts start with a later epoch than the given one. Fails if it belongs to another owner.
     */
    Future<Void> raiseEpoch(long above) {
        return above < epoch
                ? Future.succeededFuture()
                : watcher.raiseEpoch(above).map(raised -> {
                    isOf(Math.max(epoch, raised));
                    return null;
                });
    }

    /** Work of a later owner was met. */
    void doubted() {
        watcher.doubted();
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

    long deadlineMs() {
        return deadlineMs;
    }

    List<Sample> samples() {
        return samples;
    }

    /** Those that have not ended. */
    List<Sample> open() {
        return samples.stream().filter(sample -> !sample.ended()).toList();
    }

    boolean isOver() {
        return samples.stream().allMatch(Sample::ended);
    }

    boolean mayHaveStrays() {
        return samples.stream().anyMatch(Sample::mayHaveStrays);
    }

    void tell(JobEvent event) {
        watcher.on(event);
    }

    /** Reports a warning, unless another sample caused it before. */
    void warn(Sample sample, dev.weir.proto.v1.Warning warning) {
        if (!warnings.knows(warning.getCode(), warning.getParam())) {
            JobEvent.Warning told =
                    new JobEvent.Warning(moment(sample), warning.getCode(), warning.getMessage(), warning.getParam());
            warnings.add(told);
            tell(told);
        }
    }

    void reached(Sample sample, Snapshot checkpoint) {
        watcher.reached(sample.index(), checkpoint);
    }

    void struck(Sample sample) {
        watcher.struck(sample.index(), sample.strikes());
    }

    /** The next moment of this job, for this sample. */
    Moment moment(Sample sample) {
        return moment(sample, sample.step());
    }

    Moment moment(Sample sample, int step) {
        return new Moment(
                id, sample.index(), ++seq, spec.seed(sample.index()), sample.attempt(), step, spec.totalSteps());
    }

    /** Starts a span for each unfinished sample. */
    void traceWith(Tracing tracing) {
        open().forEach(sample -> {
            Span span = tracing.start("sample", spec.terms().traceparent());
            span.setAttribute("weir.job", id);
            span.setAttribute("weir.sample", sample.index());
            span.setAttribute("weir.model", spec.model());
            span.setAttribute("weir.steps", spec.totalSteps());
            sample.tracedBy(span);
        });
    }

    /** Over all attempts that this owner started. */
    Cancel.Builder cancellation() {
        Attempt last = samples.stream()
                .map(Sample::current)
                .max(Comparator.naturalOrder())
                .orElse(Attempt.NONE);
        return Cancel.newBuilder().setJobId(id).setEpoch(last.epoch()).setAttempt(last.number());
    }

    /** Over all attempts of one sample that this owner started. */
    Cancel.Builder cancellation(Sample sample) {
        return Cancel.newBuilder().setSample(ref(sample));
    }

    SampleRef ref(Sample sample) {
        return SampleRef.newBuilder()
                .setJobId(id)
                .setSample(sample.index())
                .setAttempt(sample.attempt())
                .setEpoch(sample.current().epoch())
                .build();
    }

    /**
     * The routing slip of a sample's current attempt, from its newest checkpoint if there is one.
     *
     * @param weight the user's share; 0: as nodes say
     * @param checked whether frames must pass the safety checker, which looks at decoded pictures only
     */
    Task task(Sample sample, String owner, Edition edition, double weight, boolean checked) {
        Generation generation = sample.generation().orElseGet(() -> spec.generation(sample.index()));
        Task.Builder task = Task.newBuilder()
                .setRef(ref(sample))
                .setOwner(owner)
                .setModel(spec.model())
                .setDeadlineMs(deadlineMs)
                .setUser(spec.user())
                .setUserWeight(weight)
                .setPriority(spec.terms().priority())
                .setGeneration(generation)
                .setPreview(
                        checked && spec.preview().getGrade() == Preview.Grade.LATENT_RGB
                                ? spec.preview().toBuilder()
                                        .setGrade(Preview.Grade.VAE)
                                        .build()
                                : spec.preview())
                .addAllRoute(spec.route())
                .setPrefer(sample.destination())
                .setStays(sample.stays())
                .putAllFingerprints(edition.fingerprints())
                .setTraceparent(Tracing.traceparent(sample.trace()));
        sample.checkpoint().ifPresent(from -> task.setResume(from.checkpoint())
                .addAllEngines(from.checkpoint().getEnginesList())
                .setPosition(from.entry(spec.route())));
        return task.build();
    }

    /** What a task carries to the stage at a position. */
    List<Tensor> tensors(Sample sample, int position) {
        List<Tensor> tensors = new ArrayList<>(spec.inputs(position));
        sample.checkpoint().map(Snapshot::tensors).ifPresent(tensors::addAll);
        return tensors;
    }
}

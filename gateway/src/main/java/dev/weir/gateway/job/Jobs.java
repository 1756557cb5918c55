package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.ops.SampleLog;
import dev.weir.runtime.route.DispatchException;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.trace.Tracing;
import io.opentelemetry.api.trace.StatusCode;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The owner of this gateway's jobs: admits them, sends each sample to the first stage of its route, and ends it. {@link
 * StageEvents} handles the events of stages, and {@link Restarts} handles lost nodes. It does not use HTTP and stores
 * no images. Event loop of the gateway only.
 */
public final class Jobs {

    private static final Logger log = LoggerFactory.getLogger(Jobs.class);
    private static final long SWEEP_MS = 250;
    /** As often as nodes and gateways tell how they are. */
    private static final long QUEUE_MS = 500;

    private final NodeContext node;
    private final String address;
    private final NextTask next;
    private final Patience patience;
    private final Admission admission;
    private final ModelCatalog catalog;
    private final Backlog backlog;
    private final QueueNews queue;
    private final Consumer<Cancel> cancelAtStages;
    private final JobMetrics metrics;
    private final Restarts restarts;
    private final StageEvents events;
    private final Reconciliation reconciliation;
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private Promise<Void> idle;
    private int samples;

    /**
     * @param address where stages send events of these jobs
     * @param cancelAtStages tells every stage node to drop everything of a job
     */
    public Jobs(
            NodeContext node,
            ModelCatalog catalog,
            String address,
            Limits limits,
            Patience patience,
            UserRules rules,
            Consumer<Cancel> cancelAtStages) {
        this.node = node;
        this.address = address;
        this.patience = patience;
        this.cancelAtStages = cancelAtStages;
        this.catalog = catalog;
        this.next = new NextTask(catalog, rules, address);
        this.backlog = new Backlog(catalog);
        this.queue = new QueueNews(catalog);
        this.metrics = new JobMetrics(node.metrics());
        this.admission = new Admission(limits, rules, patience.deadline(), catalog, backlog, queue, metrics);
        metrics.watch(this, j -> j.jobs.size(), j -> j.samples);
        this.restarts = new Restarts(node.loop(), this, limits.strikes(), metrics);
        this.events = new StageEvents(this, restarts, metrics);
        this.reconciliation = new Reconciliation(node.directory(), this, restarts, address, cancelAtStages);
        node.loop().every(SWEEP_MS, this::sweep);
        node.loop().every(QUEUE_MS, () -> queue.look(jobs.values(), now()));
    }

    /** Null if the job has ended or was never here. */
    Job find(String id) {
        return jobs.get(id);
    }

    /** Why no node takes a sample, if that is for the files that its request names. */
    Optional<Failure> missingFiles(Job job, Sample sample) {
        return next.missingFiles(job, sample);
    }

    /** Whether live nodes have the model at each stage of a job's route. */
    boolean isServed(Job job) {
        return catalog.missing(job.spec().model(), job.spec().stages()).isEmpty();
    }

    boolean seesStages() {
        return !node.directory().alive().isEmpty();
    }

    List<Job> inFlight() {
        return List.copyOf(jobs.values());
    }

    public int jobsInFlight() {
        return jobs.size();
    }

    public int samplesInFlight() {
        return samples;
    }

    /**
     * Accepts a job and sends its samples to nodes. The watcher is called on the event loop, never from within this
     * call.
     *
     * @throws RefusedException if it is rejected; then nothing was started
     */
    public Job submit(JobSpec spec, JobWatcher watcher) {
        Job job = reserve(JobId.at(now(), node.loop().random()), spec, now(), watcher);
        node.loop().here().execute(() -> begin(job));
        return job;
    }

    /**
     * Accepts a job, but sends nothing before {@link #begin}.
     *
     * @throws RefusedException if it is rejected
     */
    public Job reserve(String id, JobSpec spec, long nowMs, JobWatcher watcher) {
        admission.check(spec, jobs.values(), samples, nowMs, idle != null);
        Job job = new Job(id, spec, nowMs, nowMs + patience.deadline().toMillis(), watcher);
        job.traceWith(node.tracing());
        jobs.put(id, job);
        samples += spec.samples();
        return job;
    }

    /** Ends a job that was reserved and cannot begin. */
    public void withdraw(Job job) {
        admission.takeBack(job);
        letGo(job.id());
    }

    public void begin(Job job) {
        queue.begin(job, jobs.values(), now());
        job.open().forEach(sample -> send(job, sample));
    }

    /** What the samples of this gateway still need, for other gateways to know. */
    public List<Demand> demands() {
        return queue.demands(jobs.values());
    }

    /** @param told what the samples of other gateways need, as those told it last */
    public void others(Supplier<List<Demand>> told) {
        queue.others(told);
    }

    /** Takes a job over from a dead owner, regardless of the limits, because it was admitted before. Starts nothing. */
    public Job adopt(AdoptedJob adopted, JobWatcher watcher) {
        Job job = new Job(adopted, watcher, now());
        job.traceWith(node.tracing());
        jobs.put(job.id(), job);
        samples += job.open().size();
        return job;
    }

    /** Continues a sample of an adopted job. */
    public void resume(Job job, int sample) {
        if (!job.samples().get(sample).ended()) {
            restarts.adopted(job, job.samples().get(sample));
        }
    }

    /**
     * Forgets a job that now belongs to another owner, and reports nothing. The stages drop this owner's attempts; those of
     * the other owner have a later epoch.
     */
    public void letGo(String id) {
        Job job = jobs.remove(id);
        if (job != null) {
            cancelAtStages(job.cancellation());
            job.open().forEach(sample -> {
                sample.drop();
                sample.trace().end();
                samples--;
            });
            tellIfIdle();
        }
    }

    /** @return whether there was something to cancel */
    public boolean cancel(String jobId) {
        Job job = jobs.get(jobId);
        if (job == null) {
            return false;
        }
        job.open().forEach(sample -> cancel(job, sample));
        return true;
    }

    /** Cancels one sample of a job. The others continue. @return whether there was something to cancel */
    public boolean cancel(String jobId, int index) {
        Job job = jobs.get(jobId);
        if (job == null
                || index >= job.samples().size()
                || job.samples().get(index).ended()) {
            return false;
        }
        Sample sample = job.samples().get(index);
        cancel(job, sample);
        if (!job.isOver()) {
            cancelAtStages(job.cancellation(sample));
        }
        return true;
    }

    private void cancel(Job job, Sample sample) {
        end(job, sample, "cancelled", new JobEvent.Cancelled(job.moment(sample)));
    }

    /** Looks for a node for the current attempt, unless the sample has ended meanwhile. */
    void send(Job job, Sample sample) {
        if (!sample.ended()) {
            Attempt attempt = sample.current();
            Task task = next.of(job, sample);
            if (!job.spec().hasInputs(task.getPosition())) {
                fail(job, sample, JobSpec.IMAGE_LOST);
                return;
            }
            sample.offered();
            List<Tensor> tensors = job.tensors(sample, task.getPosition());
            node.dispatcher().dispatch(task, tensors).onComplete(answer -> dispatched(job, sample, attempt, answer));
        }
    }

    private void dispatched(Job job, Sample sample, Attempt attempt, AsyncResult<NodeStatus> answer) {
        if (!sample.ended() && sample.current().equals(attempt)) {
            if (answer.succeeded()) {
                sample.acceptedBy(answer.result(), now());
            } else {
                restarts.failed(job, sample, failureOf(answer.cause()));
            }
        }
    }

    private static Failure failureOf(Throwable cause) {
        return cause instanceof DispatchException refusal
                ? refusal.failure()
                : new Failure("internal_error", String.valueOf(cause.getMessage()), false);
    }

    /** Handles an event of a stage. */
    public void onEvent(Event event, List<Tensor> tensors) {
        events.on(event, tensors);
    }

    private void sweep() {
        long now = now();
        restarts.sweep();
        reconciliation.look(now);
        for (Job job : inFlight()) {
            if (now >= job.deadlineMs()) {
                endAll(job, tooLate(job));
                continue;
            }
            for (Sample sample : job.samples()) {
                long silentMs = sample.ended() ? 0 : sample.silentMs(now);
                // What is allowed beyond the patience is looked up for few samples only.
                if (silentMs > patience.silence().toMillis() && silentMs > allowedSilenceMs(job, sample)) {
                    restarts.silent(job, sample, silentMs);
                }
            }
        }
    }

    /** An adopted job has the deadline that its first owner gave it. */
    private static Failure tooLate(Job job) {
        String message = "not done within %d s, the time that a job may take (the gateway's --job-time)"
                .formatted((job.deadlineMs() - job.createdMs()) / 1000);
        return new Failure("deadline_exceeded", message, false);
    }

    private long allowedSilenceMs(Job job, Sample sample) {
        double holder = backlog.secondsAt(sample.holder(), sample.stage());
        double everything = backlog.secondsToFinish(job.spec(), samples);
        double told = sample.waits() && sample.lastQueued() != null
                ? sample.lastQueued().waitSeconds()
                : 0;
        double waits = 3 * Math.max(told, Math.max(holder, everything)) + queue.longestYield(job, sample);
        return patience.silence().toMillis() + (long) (1000 * waits);
    }

    private void endAll(Job job, Failure failure) {
        job.open().forEach(sample -> fail(job, sample, failure));
    }

    void fail(Job job, Sample sample, Failure failure) {
        SampleLog.about(
                job.ref(sample),
                sample.stage(),
                Tracing.traceparent(sample.trace()),
                () -> log.warn("A sample failed: {}: {}", failure.code(), failure.message()));
        sample.trace().setStatus(StatusCode.ERROR, failure.code() + ": " + failure.message());
        end(job, sample, "failed", new JobEvent.Failed(job.moment(sample), failure));
    }

    void end(Job job, Sample sample, String outcome, JobEvent last) {
        if (last instanceof JobEvent.Completed) {
            queue.completed(job, sample, now());
        }
        sample.end(last);
        samples--;
        metrics.ended(outcome, now() - job.createdMs());
        sample.trace().setAttribute("weir.attempts", sample.attempt());
        sample.trace().setAttribute("weir.outcome", outcome);
        sample.trace().end();
        if (job.isOver()) {
            jobs.remove(job.id());
            if (job.mayHaveStrays()) {
                cancelAtStages(job.cancellation());
            }
        }
        job.tell(last);
        tellIfIdle();
    }

    private void cancelAtStages(Cancel.Builder cancel) {
        cancelAtStages.accept(cancel.setOwner(address).build());
    }

    private void tellIfIdle() {
        if (idle != null && jobs.isEmpty()) {
            idle.tryComplete();
        }
    }

    /** Accepts no more jobs. Completes when the last one has ended. */
    public Future<Void> drain() {
        if (idle == null) {
            idle = Promise.promise();
        }
        tellIfIdle();
        return idle.future();
    }

    public boolean isDraining() {
        return idle != null;
    }

    /** Ends what is left when a gateway stops. */
    public void endAll() {
        Failure stopped = new Failure("shutting_down", "the gateway stopped", false);
        inFlight().forEach(job -> endAll(job, stopped));
    }

    long now() {
        return node.loop().nowMs();
    }
}

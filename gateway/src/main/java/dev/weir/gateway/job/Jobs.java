package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.route.DispatchException;
import dev.weir.runtime.stage.Failure;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * The owner of this gateway's jobs: admits them, sends each sample to the first stage of its route, hears what becomes of
 * it, starts it anew where a node was lost, and tells the one who watches. Knows no HTTP and keeps no picture. Event loop of
 * the gateway only.
 */
public final class Jobs {

    private static final long SWEEP_MS = 250;
    private static final long RESTART_PAUSE_MS = 100;
    private static final long LAST_WORDS_MS = 300;

    private final NodeContext node;
    private final String address;
    private final Limits limits;
    private final Patience patience;
    private final Admission admission;
    private final Backlog backlog;
    private final Consumer<String> cancelAtStages;
    private final JobMetrics metrics;
    private final Map<String, Job> jobs = new LinkedHashMap<>();
    private Promise<Void> idle;
    private int samples;

    /**
     * @param address where stages send events of these jobs
     * @param cancelAtStages tells every stage node to drop what it holds of a job
     */
    public Jobs(NodeContext node, String address, Limits limits, Patience patience, Consumer<String> cancelAtStages) {
        this.node = node;
        this.address = address;
        this.limits = limits;
        this.patience = patience;
        this.cancelAtStages = cancelAtStages;
        ModelCatalog catalog = new ModelCatalog(node.directory());
        this.backlog = new Backlog(catalog);
        this.metrics = new JobMetrics(node.metrics());
        this.admission = new Admission(limits, catalog, backlog, metrics);
        metrics.watch(this, j -> j.jobs.size(), j -> j.samples);
        node.directory().onLost(this::lost);
        node.vertx().setPeriodic(SWEEP_MS, timer -> sweep());
    }

    public int jobsInFlight() {
        return jobs.size();
    }

    public int samplesInFlight() {
        return samples;
    }

    /** Samples in flight that a device has begun with. */
    public int startedSamples() {
        return (int) jobs.values().stream()
                .flatMap(job -> job.samples().stream())
                .filter(sample -> sample.started() && !sample.ended())
                .count();
    }

    /**
     * Takes a job in and sends its samples off. The watcher is called on the event loop, never from within this call.
     *
     * @throws RefusedException when it cannot be taken; nothing was begun then
     */
    public Job submit(JobSpec spec, Consumer<JobEvent> watcher) {
        admission.check(spec, jobs.size(), samples, idle != null);
        long now = now();
        String id = UUID.randomUUID().toString();
        Job job = new Job(id, spec, now, now + patience.deadline().toMillis(), watcher);
        jobs.put(id, job);
        samples += spec.samples();
        node.vertx().runOnContext(later -> job.samples().stream()
                .filter(sample -> !sample.ended())
                .forEach(sample -> send(job, sample, "")));
        return job;
    }

    /** @return whether there was something to cancel */
    public boolean cancel(String jobId) {
        Job job = jobs.get(jobId);
        if (job == null) {
            return false;
        }
        job.cancel();
        for (Sample sample : job.samples()) {
            if (!sample.ended()) {
                end(job, sample, "cancelled", new JobEvent.Cancelled(job.moment(sample)));
            }
        }
        return true;
    }

    private void send(Job job, Sample sample, String reason) {
        long ahead = jobs.values().stream()
                .takeWhile(earlier -> earlier != job)
                .flatMap(earlier -> earlier.samples().stream())
                .filter(s -> !s.started() && !s.ended())
                .count();
        double wait = backlog.secondsUntilDone(job.spec());
        job.tell(new JobEvent.Queued(job.moment(sample), (int) ahead + sample.index(), wait, reason));
        if (!sample.ended()) {
            int attempt = sample.attempt();
            sample.offered();
            node.dispatcher()
                    .dispatch(job.task(sample, address), List.of())
                    .onComplete(answer -> dispatched(job, sample, attempt, answer));
        }
    }

    private void dispatched(Job job, Sample sample, int attempt, AsyncResult<NodeStatus> answer) {
        if (job.isCancelled() && answer.succeeded()) {
            cancelAtStages.accept(job.id());
        } else if (!sample.ended() && sample.attempt() == attempt) {
            if (answer.succeeded()) {
                sample.acceptedBy(answer.result(), now());
            } else {
                failed(job, sample, failureOf(answer.cause()));
            }
        }
    }

    private static Failure failureOf(Throwable cause) {
        return cause instanceof DispatchException refusal
                ? refusal.failure()
                : new Failure("internal_error", String.valueOf(cause.getMessage()), false);
    }

    /** What a stage says of a sample. Events that no longer count are dropped here. */
    public void onEvent(Event event, List<Tensor> tensors) {
        Job job = jobs.get(event.getRef().getJobId());
        int index = event.getRef().getSample();
        if (job == null || index < 0 || index >= job.samples().size()) {
            metrics.stale();
            return;
        }
        Sample sample = job.samples().get(index);
        if (!sample.takes(event)) {
            metrics.stale();
            return;
        }
        sample.heard(event, now());
        switch (event.getWhatCase()) {
            case STARTED -> {
                if (sample.begin()) {
                    job.tell(new JobEvent.Started(job.moment(sample), event.getStage(), event.getNode()));
                }
            }
            case PROGRESS -> {
                sample.stepped(
                        job.overallStep(event.getStage(), event.getProgress().getStep()));
                job.tell(new JobEvent.Progress(
                        job.moment(sample),
                        event.getStage(),
                        event.getProgress().getStepSeconds()));
            }
            case FRAME -> frame(job, sample, event, tensors);
            case FINISHED -> finished(job, sample, event, tensors);
            case FAILED ->
                failed(
                        job,
                        sample,
                        new Failure(
                                event.getFailed().getCode(),
                                event.getFailed().getMessage(),
                                event.getFailed().getRetryable()));
            case HANDED_BACK -> restart(job, sample, new Failure("handed_back", "a node is draining", true), 0);
            default -> {}
        }
    }

    private void frame(Job job, Sample sample, Event event, List<Tensor> tensors) {
        int step = job.overallStep(event.getFrame().getFrom(), event.getFrame().getStep());
        if (tensors.size() == 1 && sample.showsFrame(step)) {
            Picture picture = new Picture(
                    event.getFrame().getFormat(),
                    event.getFrame().getWidth(),
                    event.getFrame().getHeight(),
                    tensors.get(0).toBytes());
            job.tell(new JobEvent.Preview(job.moment(sample, step), picture));
        }
    }

    private void finished(Job job, Sample sample, Event event, List<Tensor> tensors) {
        if (tensors.size() != 1) {
            failed(job, sample, new Failure("no_image", event.getNode() + " finished without an image", true));
            return;
        }
        Picture picture = new Picture(
                event.getFinished().getFormat(),
                event.getFinished().getWidth(),
                event.getFinished().getHeight(),
                tensors.get(0).toBytes());
        double seconds = (now() - job.createdMs()) / 1000.0;
        sample.stepped(job.spec().totalSteps());
        end(
                job,
                sample,
                "completed",
                new JobEvent.Completed(
                        job.moment(sample), picture, event.getFinished().getTimingsList(), seconds));
    }

    private void failed(Job job, Sample sample, Failure failure) {
        if (failure.retryable()) {
            long pause = RESTART_PAUSE_MS << sample.attempt();
            restart(job, sample, failure, pause + ThreadLocalRandom.current().nextLong(pause));
        } else {
            end(job, sample, "failed", new JobEvent.Failed(job.moment(sample), failure));
        }
    }

    private void restart(Job job, Sample sample, Failure reason, long pauseMs) {
        if (sample.attempt() >= limits.attempts()) {
            String message = "%s (attempt %d of %d)".formatted(reason.message(), sample.attempt(), limits.attempts());
            failed(job, sample, new Failure(reason.code(), message, false));
            return;
        }
        metrics.restarted(reason.code());
        sample.restart(now());
        int attempt = sample.attempt();
        if (pauseMs == 0) {
            send(job, sample, reason.message());
            return;
        }
        node.vertx().setTimer(pauseMs, timer -> {
            if (!sample.ended() && sample.attempt() == attempt) {
                send(job, sample, reason.message());
            }
        });
    }

    private void lost(NodeStatus lost) {
        String message = "the %s node %s was lost".formatted(Addresses.name(lost.getStage()), lost.getNodeId());
        Failure failure = new Failure("node_lost", message, true);
        for (Job job : jobs.values()) {
            for (Sample sample : job.samples()) {
                if (sample.heldBy(lost)) {
                    // The next stage's word that it has taken over may come later than the goodbye of this one.
                    int attempt = sample.attempt();
                    node.vertx().setTimer(LAST_WORDS_MS, late -> {
                        if (sample.heldBy(lost) && sample.attempt() == attempt) {
                            restart(job, sample, failure, 0);
                        }
                    });
                }
            }
        }
    }

    private void sweep() {
        long now = now();
        for (Job job : List.copyOf(jobs.values())) {
            if (now >= job.deadlineMs()) {
                String message = "not done within %s".formatted(patience.deadline());
                endAll(job, new Failure("deadline_exceeded", message, false));
                continue;
            }
            for (Sample sample : job.samples()) {
                if (!sample.ended() && sample.silentMs(now) > allowedSilenceMs(job, sample)) {
                    String message = "nothing was heard for %d ms".formatted(sample.silentMs(now));
                    restart(job, sample, new Failure("silence", message, true), 0);
                }
            }
        }
    }

    private long allowedSilenceMs(Job job, Sample sample) {
        double holder =
                backlog.secondsAt(sample.holder(), sample.stage(), job.spec().model());
        double everything = backlog.secondsToFinish(job.spec(), samples);
        return patience.silence().toMillis() + (long) (3000 * Math.max(holder, everything));
    }

    private void endAll(Job job, Failure failure) {
        job.cancel();
        for (Sample sample : job.samples()) {
            if (!sample.ended()) {
                end(job, sample, "failed", new JobEvent.Failed(job.moment(sample), failure));
            }
        }
    }

    private void end(Job job, Sample sample, String outcome, JobEvent last) {
        sample.end(last);
        samples--;
        metrics.ended(outcome, now() - job.createdMs());
        if (job.isOver()) {
            jobs.remove(job.id());
            if (job.mayHaveStrays()) {
                cancelAtStages.accept(job.id());
            }
        }
        job.tell(last);
        if (idle != null && jobs.isEmpty()) {
            idle.tryComplete();
        }
    }

    /** Takes no more jobs; done when the last one has ended, or has been ended at the deadline. */
    public Future<Void> drain(Duration deadline) {
        if (idle == null) {
            idle = Promise.promise();
        }
        if (jobs.isEmpty()) {
            idle.tryComplete();
        } else if (deadline.toMillis() < 1) {
            endAll();
        } else {
            long timer = node.vertx().setTimer(deadline.toMillis(), late -> endAll());
            idle.future().onComplete(done -> node.vertx().cancelTimer(timer));
        }
        return idle.future();
    }

    public boolean isDraining() {
        return idle != null;
    }

    private void endAll() {
        Failure stopped = new Failure("shutting_down", "the gateway stopped", false);
        List.copyOf(jobs.values()).forEach(job -> endAll(job, stopped));
    }

    private long now() {
        return System.currentTimeMillis();
    }
}

package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.job.RefusedException.Reason;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** Decides whether one more job is accepted. Has no state of its own; event loop of {@link Jobs}. */
final class Admission {

    private static final long NODE_MAY_COME_SECONDS = 2;

    private final Limits limits;
    private final UserRules rules;
    private final Duration deadline;
    private final ModelCatalog catalog;
    private final Backlog backlog;
    private final QueueNews queue;
    private final JobMetrics metrics;

    /** @param deadline the longest life of a job: a job that would take longer is rejected */
    Admission(
            Limits limits,
            UserRules rules,
            Duration deadline,
            ModelCatalog catalog,
            Backlog backlog,
            QueueNews queue,
            JobMetrics metrics) {
        this.deadline = deadline;
        this.limits = limits;
        this.rules = rules;
        this.catalog = catalog;
        this.backlog = backlog;
        this.queue = queue;
        this.metrics = metrics;
    }

    /**
     * A job that was admitted with an earlier one of its request needs no more than nodes.
     *
     * @param jobs in flight
     * @param samples in flight
     * @throws RefusedException if it is rejected
     */
    void check(JobSpec spec, Collection<Job> jobs, int samples, long nowMs, boolean draining) {
        if (draining) {
            throw refused(Reason.UNAVAILABLE, "draining", "this gateway is stopping", 1);
        }
        List<String> missing = catalog.missing(spec.model(), spec.stages());
        if (!missing.isEmpty()) {
            String stage = missing.get(0);
            String message = "no live node serves the model %s at the stage %s%s"
                    .formatted(
                            spec.model(),
                            stage,
                            catalog.problem(spec.model(), stage)
                                    .map(problem -> ": " + problem)
                                    .orElse(""));
            throw refused(Reason.UNAVAILABLE, "no_node", message, NODE_MAY_COME_SECONDS);
        }
        if (Charge.of(spec).isPaid()) {
            return;
        }
        int tooMany = Math.max(jobs.size() + 1 - limits.jobs(), samples + spec.samples() - limits.samples());
        if (tooMany > 0) {
            String message = "too much unfinished work: images %d (limit %d), jobs %d (limit %d)"
                    .formatted(samples, limits.samples(), jobs.size(), limits.jobs());
            throw refused(Reason.BUSY, "too_many_jobs", message, backlog.retryAfterSeconds(spec, tooMany));
        }
        checkTime(spec, jobs, samples, nowMs);
        try {
            rules.admit(spec, () -> queue.inFlight(spec.user(), jobs));
        } catch (RefusedException e) {
            metrics.refused(e.code());
            throw e;
        }
    }

    /** The backlogs are a quick estimate and count all of a long job as being ahead. Where it is too long, the forecast decides. */
    private void checkTime(JobSpec spec, Collection<Job> jobs, int samples, long nowMs) {
        double limit = deadline.toMillis() / 1000.0;
        if (backlog.secondsUntilDone(spec, samples) <= limit) {
            return;
        }
        double alone = queue.secondsAlone(spec, nowMs);
        if (alone > limit) {
            String message =
                    ("the job would take about %.0f s even if it were the only one, and a job may take %d s (the gateway's "
                                    + "--job-time): ask for fewer steps, a smaller size or fewer images")
                            .formatted(alone, deadline.toSeconds());
            throw refused(Reason.TOO_LARGE, "job_too_long", message, 0);
        }
        double wait = queue.secondsUntilDone(spec, jobs, nowMs);
        if (wait > limit) {
            String message =
                    "with what is before it the job would take about %.0f s, and a job may take %d s (the gateway's --job-time)"
                            .formatted(wait, deadline.toSeconds());
            throw refused(Reason.BUSY, "wait_too_long", message, (long) Math.ceil(wait - limit));
        }
    }

    /** The job cannot begin, and does not count. */
    void takeBack(Job job) {
        rules.takeBack(job.spec(), job.createdMs());
    }

    private RefusedException refused(Reason reason, String code, String message, long retryAfterSeconds) {
        metrics.refused(code);
        return new RefusedException(reason, code, message, retryAfterSeconds);
    }
}

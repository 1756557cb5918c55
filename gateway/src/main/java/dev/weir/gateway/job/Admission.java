package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.job.RefusedException.Reason;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** Decides whether one more job is accepted. Remembers nothing but {@link RefusedWaits}. Event loop of {@link Jobs}. */
final class Admission {

    private static final long NODE_MAY_COME_SECONDS = 2;
    /** A job is too long for ever only past so many times the limit: a pace changes with what else the machine does. */
    private static final double CLEARLY = 2;

    private final Limits limits;
    private final UserRules rules;
    private final Duration deadline;
    private final ModelCatalog catalog;
    private final Backlog backlog;
    private final QueueNews queue;
    private final JobMetrics metrics;
    private final RefusedWaits refusedWaits = new RefusedWaits();

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
     * Accepts a job, or throws. A job that an earlier one of its request has paid for is accepted if there are nodes for it.
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
        try {
            rules.admit(spec, () -> queue.inFlight(spec.user(), jobs));
        } catch (RefusedException e) {
            metrics.refused(e.code());
            throw e;
        }
        try {
            checkTime(spec, jobs, samples, nowMs);
        } catch (RefusedException e) {
            rules.takeBack(spec, nowMs);
            throw e;
        }
    }

    /**
     * The backlogs are a quick estimate, and too long where another model's job is long. Where it is above the limit, the forecast
     * decides. A job that is the only one begins as long as nothing measured says that it takes too long, because the time of a
     * forward pass may be another model's.
     */
    private void checkTime(JobSpec spec, Collection<Job> jobs, int samples, long nowMs) {
        double limit = deadline.toMillis() / 1000.0;
        double alone = queue.secondsAlone(spec, nowMs);
        if (alone > CLEARLY * limit) {
            throw refused(Reason.TOO_LARGE, "job_too_long", tooLongAlone(alone), 0);
        }
        int before = samples + queue.othersInFlight();
        boolean isQuick = Math.max(alone, backlog.secondsUntilDone(spec, before)) <= limit;
        if (isQuick || alone <= limit && before == 0 && backlog.isIdle(spec)) {
            return;
        }
        double wait = refusedWaits.of(spec, nowMs, () -> queue.secondsUntilDone(spec, jobs, nowMs), limit);
        if (Math.max(alone, wait) > limit) {
            String message = alone > limit
                    ? tooLongAlone(alone)
                    : "with what is before it the job would take about %d s, and a job may take %d s (the gateway's --job-time)"
                            .formatted(upwards(wait), deadline.toSeconds());
            throw refused(
                    Reason.BUSY, "wait_too_long", message, Backlog.retryAfterSeconds(Math.max(alone, wait) - limit));
        }
    }

    private String tooLongAlone(double seconds) {
        return ("the job would take about %d s even if it were the only one, and a job may take %d s (the gateway's "
                        + "--job-time): ask for fewer steps, a smaller size or fewer images")
                .formatted(upwards(seconds), deadline.toSeconds());
    }

    private static long upwards(double seconds) {
        return (long) Math.ceil(seconds);
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

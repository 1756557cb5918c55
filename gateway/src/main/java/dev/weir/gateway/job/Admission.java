package dev.weir.gateway.job;

import dev.weir.gateway.GatewayConfig.Limits;
import dev.weir.gateway.job.RefusedException.Reason;
import java.time.Duration;
import java.util.List;
import java.util.function.IntSupplier;

/** Decides whether one more job is accepted. Has no state of its own; event loop of {@link Jobs}. */
final class Admission {

    private static final long NODE_MAY_COME_SECONDS = 2;

    private final Limits limits;
    private final UserRules rules;
    private final Duration deadline;
    private final ModelCatalog catalog;
    private final Backlog backlog;
    private final JobMetrics metrics;

    /** @param deadline the longest life of a job: a job that would wait longer is rejected */
    Admission(
            Limits limits,
            UserRules rules,
            Duration deadline,
            ModelCatalog catalog,
            Backlog backlog,
            JobMetrics metrics) {
        this.deadline = deadline;
        this.limits = limits;
        this.rules = rules;
        this.catalog = catalog;
        this.backlog = backlog;
        this.metrics = metrics;
    }

    /**
     * A job that was admitted with an earlier one of its request needs no more than nodes.
     *
     * @param jobs in flight
     * @param samples in flight
     * @param inFlight samples of the same user, at all gateways
     * @throws RefusedException if it is rejected
     */
    void check(JobSpec spec, int jobs, int samples, IntSupplier inFlight, boolean draining) {
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
        int tooMany = Math.max(jobs + 1 - limits.jobs(), samples + spec.samples() - limits.samples());
        if (tooMany > 0) {
            String message = "too much unfinished work: images %d (limit %d), jobs %d (limit %d)"
                    .formatted(samples, limits.samples(), jobs, limits.jobs());
            throw refused(Reason.BUSY, "too_many_jobs", message, backlog.retryAfterSeconds(spec, tooMany));
        }
        double wait = backlog.secondsUntilDone(spec, samples);
        double tooLong = wait - deadline.toMillis() / 1000.0;
        if (tooLong > 0) {
            String message =
                    "the job would take about %.0f s, and the limit is %d s".formatted(wait, deadline.toSeconds());
            throw refused(Reason.BUSY, "wait_too_long", message, (long) Math.ceil(tooLong));
        }
        try {
            rules.admit(spec, inFlight);
        } catch (RefusedException e) {
            metrics.refused(e.code());
            throw e;
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

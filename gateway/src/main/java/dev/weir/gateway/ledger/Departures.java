package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.v1.JobWatch;

/**
 * Jobs that end when their clients disconnect. The owner ends such a job when a client has disconnected and nobody
 * watches the job any more. Another gateway whose last client has disconnected says so when it renews its subscription. If a gateway is lost, its
 * clients disconnect without notice and nothing ends, because they may come back. Event loop of the gateway.
 */
final class Departures {

    private final Jobs jobs;
    private final KeptJobs kept;
    private final OwnedJobs owned;
    private final RemoteJobViews views;
    private final EventPublisher publisher;

    Departures(
            Jobs jobs,
            KeptJobs kept,
            OwnedJobs owned,
            RemoteJobViews views,
            EventPublisher publisher,
            Adoption adoption) {
        this.jobs = jobs;
        this.kept = kept;
        this.owned = owned;
        this.views = views;
        this.publisher = publisher;
        publisher.onLapsed(this::endIfAbandoned);
        // Its client may have disconnected here while the former owner was lost, and nobody else knows that.
        adoption.onBegun(this::endIfAbandoned);
    }

    /** A client of a job here has disconnected, and the job ends with its clients. */
    void left(KeptJob job) {
        job.abandon();
        endIfAlone(job);
        views.renew(job.id());
    }

    /** Handles the subscription of another gateway. @return whether the job is owned here */
    boolean watched(JobWatch watch) {
        boolean isOwned = publisher.watch(watch);
        if (isOwned && watch.getLeft()) {
            kept.find(watch.getJobId()).ifPresent(this::left);
        }
        return isOwned;
    }

    private void endIfAbandoned(KeptJob job) {
        if (job.isAbandoned()) {
            endIfAlone(job);
        }
    }

    private void endIfAlone(KeptJob job) {
        if (!job.isOver() && job.watchers() == 0 && owned.holds(job.id())) {
            jobs.cancel(job.id());
        }
    }
}

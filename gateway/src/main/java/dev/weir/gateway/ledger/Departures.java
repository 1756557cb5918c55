package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.JobLeft;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import io.vertx.core.Future;
import java.util.HashSet;
import java.util.Set;

/**
 * Jobs that end when their clients disconnect. The owner ends such a job when a client has disconnected and nobody
 * watches the job any more, here or at another gateway. If a gateway is lost, its clients disconnect without notice and
 * nothing ends, because they may come back. Event loop of the gateway.
 */
final class Departures {

    private static final int TRIES = 20;
    private static final long AGAIN_MS = 500;

    private final NodeContext node;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final OwnedJobs owned;
    private final RemoteJobViews views;
    private final EventPublisher publisher;
    /** Jobs with a client that has disconnected, which another gateway still watches. */
    private final Set<String> abandoned = new HashSet<>();

    Departures(
            NodeContext node,
            Jobs jobs,
            KeptJobs kept,
            Gateways gateways,
            OwnedJobs owned,
            RemoteJobViews views,
            EventPublisher publisher) {
        this.node = node;
        this.jobs = jobs;
        this.kept = kept;
        this.gateways = gateways;
        this.owned = owned;
        this.views = views;
        this.publisher = publisher;
        publisher.onLapsed(job -> {
            if (abandoned.contains(job.id())) {
                endIfAlone(job);
            }
        });
    }

    /** A client of a job here has disconnected, and the job ends with its clients. */
    void left(KeptJob job) {
        left(job, TRIES);
    }

    private void left(KeptJob job, int tries) {
        if (job.isOver() || tries == 0) {
            return;
        }
        if (owned.holds(job.id())) {
            endIfAlone(job);
        } else if (job.watchers() == 0) {
            tell(job).onFailure(unheard -> node.loop().after(AGAIN_MS, () -> left(job, tries - 1)));
        }
    }

    private Future<Void> tell(KeptJob job) {
        JobLeft left = JobLeft.newBuilder()
                .setJobId(job.id())
                .setAddress(Addresses.gateway(node.nodeId()))
                .build();
        String owner = gateways.address(views.owner(job.id())).orElse("");
        return node.courier()
                .offer(owner, Parcel.of(left))
                .compose(reply -> reply.getVerdict() == Verdict.ACCEPTED
                        ? Future.succeededFuture()
                        : Future.failedFuture("it is another gateway's"));
    }

    /** The last client of a job at another gateway has disconnected. @return whether the job is owned here */
    boolean leftElsewhere(JobLeft left) {
        if (!owned.holds(left.getJobId())) {
            return false;
        }
        publisher.stop(left.getJobId(), left.getAddress());
        kept.find(left.getJobId()).ifPresent(this::endIfAlone);
        return true;
    }

    private void endIfAlone(KeptJob job) {
        if (job.isOver() || !owned.holds(job.id())) {
            abandoned.remove(job.id());
        } else if (job.watchers() == 0) {
            abandoned.remove(job.id());
            jobs.cancel(job.id());
        } else if (publisher.shows(job.id())) {
            abandoned.add(job.id());
        }
    }
}

package dev.weir.gateway.ledger;

import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.SampleRef;
import dev.weir.runtime.bus.Courier;
import io.vertx.core.Future;
import java.util.Optional;

/** Cancels and deletes jobs and their images, here or at their owners. Event loop of the gateway. */
final class Endings {

    private final Courier courier;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final OwnedJobs owned;
    private final RemoteJobViews views;
    private final EventPublisher publisher;

    Endings(
            Courier courier,
            Jobs jobs,
            KeptJobs kept,
            Gateways gateways,
            OwnedJobs owned,
            RemoteJobViews views,
            EventPublisher publisher) {
        this.courier = courier;
        this.jobs = jobs;
        this.kept = kept;
        this.gateways = gateways;
        this.owned = owned;
        this.views = views;
        this.publisher = publisher;
    }

    /** Deletes a finished job with its images, everywhere. @return whether it was there and finished */
    Future<Boolean> forget(String id) {
        Cancel forget = Cancel.newBuilder().setJobId(id).setForget(true).build();
        if (!views.isRemote(id)) {
            return Future.succeededFuture(forgetHere(id));
        }
        return deliver(id, forget).onSuccess(forgotten -> {
            if (forgotten) {
                views.forget(id);
            }
        });
    }

    private boolean forgetHere(String id) {
        Optional<KeptJob> over = kept.find(id).filter(KeptJob::isOver);
        over.ifPresent(job -> {
            kept.remove(id);
            owned.forgotten(job);
        });
        return over.isPresent();
    }

    /** Deletes the image of a sample, everywhere, and the job with its last image. @return whether there was one */
    Future<Boolean> forget(String id, int sample) {
        if (!views.isRemote(id)) {
            return forgetHere(id, sample);
        }
        SampleRef ref = SampleRef.newBuilder().setJobId(id).setSample(sample).build();
        return deliver(id, Cancel.newBuilder().setSample(ref).setForget(true).build())
                .onSuccess(forgotten -> kept.find(id).filter(job -> forgotten).ifPresent(job -> {
                    job.delete(sample);
                    if (isEmptied(job)) {
                        views.forget(id);
                    }
                }));
    }

    private Future<Boolean> forgetHere(String id, int sample) {
        return kept.find(id)
                .filter(job -> sample >= 0 && sample < job.spec().samples())
                .map(job -> owned.delete(job, sample).onSuccess(had -> {
                    if (had) {
                        tellDeleted(job, sample);
                    }
                }))
                .orElse(Future.succeededFuture(false));
    }

    private void tellDeleted(KeptJob job, int sample) {
        gateways.others().forEach(other -> gateways.address(other)
                .ifPresent(address -> publisher.deleted(address, job, sample)));
        if (isEmptied(job)) {
            forgetHere(job.id());
        }
    }

    private static boolean isEmptied(KeptJob job) {
        return job.isOver() && !job.hasPictures();
    }

    /** Cancels a job that is known here, or that was never kept. @return whether there was something to cancel */
    Future<Boolean> cancel(String id) {
        return cancel(id, Cancel.newBuilder().setJobId(id).build());
    }

    /** The same for one sample. The others continue. */
    Future<Boolean> cancel(String id, int sample) {
        SampleRef ref = SampleRef.newBuilder().setJobId(id).setSample(sample).build();
        return cancel(id, Cancel.newBuilder().setSample(ref).build());
    }

    private Future<Boolean> cancel(String id, Cancel cancel) {
        boolean isElsewhere =
                kept.find(id).filter(job -> !job.isOver() && !owned.holds(id)).isPresent();
        return isElsewhere ? deliver(id, cancel) : Future.succeededFuture(here(cancel));
    }

    /** To the owner of a job that is shown here. */
    private Future<Boolean> deliver(String id, Cancel cancel) {
        return courier.offer(gateways.address(views.owner(id)).orElse(""), Parcel.of(cancel))
                .map(reply -> reply.getVerdict() == Verdict.ACCEPTED)
                .recover(problem -> Future.failedFuture(OwnedJobs.unavailable("the job's owner did not answer")));
    }

    /** What another gateway asks of the owner. @return whether there was something to end */
    Future<Boolean> ask(Cancel cancel) {
        if (!cancel.getForget()) {
            return Future.succeededFuture(here(cancel));
        }
        return cancel.hasSample()
                ? forgetHere(cancel.getSample().getJobId(), cancel.getSample().getSample())
                : Future.succeededFuture(forgetHere(cancel.getJobId()));
    }

    private boolean here(Cancel cancel) {
        return cancel.hasSample()
                ? jobs.cancel(cancel.getSample().getJobId(), cancel.getSample().getSample())
                : jobs.cancel(cancel.getJobId());
    }
}

package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.job.Attachment;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.job.Job;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.RefusedException;
import dev.weir.gateway.user.User;
import dev.weir.proto.v1.JobWatch;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Delivery;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The jobs that clients may come back for, at any gateway. They are accepted here, adopted from lost gateways, or
 * shown as their owners report them. Jobs without a returning client belong to {@link Jobs} alone. Event loop of the gateway.
 */
public final class JobLedger {

    private static final Duration FIND_LIMIT = Duration.ofSeconds(5);
    private static final long LOOK_AGAIN_MS = 250;

    private final NodeContext node;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Gateways gateways;
    private final ImageMemory images;
    private final Stores stores;
    private final OwnedJobs owned;
    private final Adoption adoption;
    private final RemoteJobViews views;
    private final EventPublisher publisher;
    private final Departures departures;
    private final KeyedJobs keyed;
    private final Endings endings;
    private final JobList list;
    private final Orphans orphans;

    public JobLedger(NodeContext node, Jobs jobs, GatewayConfig config, ImageMemory images) {
        this.node = node;
        this.jobs = jobs;
        this.images = images;
        GatewayConfig.Patience patience = config.patience();
        this.kept = new KeptJobs(node.loop(), config.limits().memory(), patience.result(), this::forgotten);
        this.gateways = new Gateways(node, node.loop()::nanos);
        gateways.tell(jobs::demands);
        jobs.others(gateways::demandsOfOthers);
        Duration longest = patience.deadline().plus(patience.result());
        this.stores = new Stores(
                new Ledger(node.memory()),
                new Checkpoints(node.memory(), config.limits().memory().checkpointBytes(), node.metrics()),
                new Attachments(node.memory(), images),
                config.storage().results().map(place -> PictureStore.of(place, node.vertx(), node.loop(), longest)));
        this.owned = new OwnedJobs(node.loop(), jobs, kept, stores, gateways, patience);
        this.adoption = new Adoption(node, jobs, kept, stores, owned, gateways, patience);
        this.views = new RemoteJobViews(node, kept, gateways, owned, this::show);
        this.publisher = new EventPublisher(node.loop(), node.courier(), kept, owned);
        this.departures = new Departures(jobs, kept, owned, views, publisher, adoption);
        this.endings = new Endings(node.courier(), jobs, kept, gateways, owned, views, publisher);
        this.keyed = new KeyedJobs(node.loop(), new IdempotencyKeys(node.memory(), longest), owned, this::find);
        this.list = new JobList(node.loop(), kept, stores.ledger());
        this.orphans = new Orphans(
                node.loop(),
                stores.ledger(),
                gateways,
                owned,
                adoption,
                new Random(node.loop().random().nextLong()));
    }

    /** Completes when statuses of other gateways can arrive. */
    public Future<Void> start() {
        return gateways.start();
    }

    /** @param listener called with each unfinished job that this gateway owns from now on */
    public void onOwned(Consumer<KeptJob> listener) {
        owned.onHold(job -> {
            if (!job.isOver()) {
                listener.accept(job.kept());
            }
        });
    }

    /** The jobs of a user, for APIs. */
    public UserJobs of(User user) {
        return new UserJobs(this, user);
    }

    /**
     * Accepts a job for a client that stays connected.
     *
     * @param keep whether to keep the job even if the client stays to the end
     * @param onLost called when this gateway receives nothing more about it, though it may continue elsewhere
     * @throws dev.weir.gateway.job.RefusedException as {@link Jobs#submit}
     */
    Attendance attend(JobSpec spec, boolean keep, Consumer<JobEvent> client, Runnable onLost) {
        boolean finishes = spec.terms().onDisconnect() == OnDisconnect.FINISH;
        if (!keep && !finishes) {
            String id = submit(spec, client);
            return new Attendance(id, () -> jobs.cancel(id));
        }
        KeptJob job = owned.begin(spec);
        job.watch(client, onLost);
        return new Attendance(job.id(), () -> {
            job.unwatch(client);
            if (!finishes) {
                departures.left(job);
            }
        });
    }

    /** Accepts a job that is not kept. Its images count until its last sample ends. */
    private String submit(JobSpec spec, Consumer<JobEvent> client) {
        long bytes = Attachment.bytes(spec.attachments());
        images.take(bytes);
        int[] left = {spec.samples()};
        try {
            Job job = jobs.submit(spec, event -> {
                if (event.isLast() && --left[0] == 0) {
                    images.give(bytes);
                }
                client.accept(event);
            });
            return job.id();
        } catch (RefusedException e) {
            images.give(bytes);
            throw e;
        }
    }

    /** Sends a client the coming events of a job. */
    Attendance attend(KeptJob job, Consumer<JobEvent> client, Runnable onLost) {
        if (!job.isOver()) {
            job.watch(client, onLost);
        }
        return new Attendance(job.id(), () -> {
            job.unwatch(client);
            if (job.spec().terms().onDisconnect() == OnDisconnect.CANCEL) {
                departures.left(job);
            }
        });
    }

    /**
     * Accepts a job that is queried later. Completes when the loss of one gateway cannot lose the job. Fails if nothing
     * was started.
     */
    Future<KeptJob> submit(JobSpec spec) {
        String first = owned.newId();
        return owned.submit(first, spec)
                .recover(refused -> isUnrecorded(refused)
                        ? owned.submit(owned.newIdAfter(first), spec)
                        : Future.failedFuture(refused));
    }

    private static boolean isUnrecorded(Throwable problem) {
        return problem instanceof RefusedException refused && refused.code().equals(OwnedJobs.UNRECORDED);
    }

    /**
     * The same for a request with a key: the existing job of that key, if there is one.
     *
     * @param request a digest of the whole request
     */
    Future<KeptJob> submit(JobSpec spec, String key, byte[] request) {
        return keyed.submit(spec, key, request);
    }

    /**
     * Finds a job, whoever owns it. Completes within {@link #FIND_LIMIT}, whatever other nodes do. Fails with an {@link
     * UnknownJobException}, or with a {@link dev.weir.gateway.job.RefusedException} if nobody could answer.
     */
    Future<KeptJob> find(String id) {
        Promise<KeptJob> answer = Promise.promise();
        long timer = node.loop().after(FIND_LIMIT.toMillis(), () -> answer.tryFail(unanswered()));
        find(id, node.loop().nowMs() + FIND_LIMIT.toMillis()).onComplete(found -> {
            node.loop().cancel(timer);
            if (found.succeeded()) {
                answer.tryComplete(found.result());
            } else {
                answer.tryFail(found.cause());
            }
        });
        return answer.future();
    }

    private static RefusedException unanswered() {
        return OwnedJobs.unavailable("no gateway could report the state of the job");
    }

    private Future<KeptJob> find(String id, long untilMs) {
        Optional<Future<KeptJob>> opening = views.opening(id);
        KeptJob here = kept.find(id).orElse(null);
        if (here != null && opening.isEmpty()) {
            here.asked();
            return Future.succeededFuture(here);
        }
        return opening.orElseGet(() -> lookUp(id)).recover(problem -> {
            if (problem instanceof UnknownJobException) {
                return Future.failedFuture(problem);
            }
            if (node.loop().nowMs() >= untilMs) {
                return Future.failedFuture(unanswered());
            }
            return node.loop().pause(LOOK_AGAIN_MS).compose(later -> find(id, untilMs));
        });
    }

    private Future<KeptJob> lookUp(String id) {
        if (!gateways.settled() || gateways.isCutOff()) {
            return Future.failedFuture("this gateway has yet to find the others again");
        }
        return stores.ledger().find(id).compose(found -> {
            if (found.isEmpty()) {
                boolean was = JobId.mayHaveBeen(id, node.loop().nowMs());
                return Future.failedFuture(new UnknownJobException(was));
            }
            return show(
                    found.get(),
                    new KeptJob(
                            id,
                            RecordFormat.spec(found.get().record()),
                            found.get().record().getCreatedMs(),
                            node.loop()));
        });
    }

    private Future<KeptJob> show(KeptJob job) {
        return stores.ledger()
                .find(job.id())
                .compose(found ->
                        found.isEmpty() ? Future.failedFuture(new UnknownJobException(true)) : show(found.get(), job));
    }

    private Future<KeptJob> show(Ledger.Entry entry, KeptJob job) {
        String owner = entry.record().getOwner();
        if (gateways.isAlive(owner) && !gateways.isSelf(owner)) {
            return views.open(job, owner);
        }
        if (owned.holds(job.id())) {
            return Future.succeededFuture(kept.find(job.id()).orElse(job));
        }
        if (!adoption.isPossible()) {
            return Future.failedFuture(
                    "the owner " + owner + " is not heard of, and this gateway cannot replace it yet");
        }
        return adoption.adopt(entry).compose(adopted -> adopted.map(Future::succeededFuture)
                .orElseGet(() -> Future.failedFuture("another gateway adopts it")));
    }

    /** The newest jobs, whichever gateway owns them. Only those of which this gateway has a view or which it owns have images. */
    Future<List<KeptJob>> newest(Predicate<KeptJob> wanted, int most) {
        return list.newest(wanted, most);
    }

    /** Cancels and deletes jobs and images. */
    Endings endings() {
        return endings;
    }

    /** Handles a message of another gateway. */
    public void receive(Delivery delivery) {
        switch (delivery.parcel().header().getBodyCase()) {
            case TOLD ->
                views.on(delivery.parcel().header().getTold(), delivery.parcel().tensors());
            case WATCH -> answer(delivery, watched(delivery.parcel().header().getWatch()));
            case CANCEL ->
                // Without an answer the other gateway says that there was none.
                endings.ask(delivery.parcel().header().getCancel()).onSuccess(ended -> answer(delivery, ended));
            default -> {}
        }
    }

    /** Another gateway asks the owner of a job, as its record names it. */
    private boolean watched(JobWatch watch) {
        boolean isOwned = departures.watched(watch);
        if (!isOwned) {
            orphans.doubt(watch.getJobId());
        }
        return isOwned;
    }

    private static void answer(Delivery delivery, boolean accepted) {
        delivery.reply()
                .accept(OfferReply.newBuilder()
                        .setVerdict(accepted ? Verdict.ACCEPTED : Verdict.INVALID)
                        .build());
    }

    /** Call it before events of stages are handled: a gateway that stood still may not own its jobs any more. */
    public void checkAwake() {
        gateways.checkAwake();
    }

    /** The names of the other live gateways. */
    public List<String> otherGateways() {
        return gateways.others();
    }

    /** The jobs that are known here. */
    public KeptJobs kept() {
        return kept;
    }

    /** Leaves unfinished jobs to the other gateways, or to a future one if the ledger survives this one. */
    public Future<Void> handOver() {
        return gateways.others().isEmpty() && !node.memory().isShared()
                ? Future.succeededFuture()
                : owned.handOver().onSuccess(written -> gateways.leave());
    }

    /** Tells the others that it is gone, and completes when what was to be stored is stored. */
    public Future<Void> close() {
        gateways.leave();
        return stores.pictures()
                .map(PictureStore::close)
                .orElseGet(Future::succeededFuture)
                .compose(stored -> gateways.close());
    }

    private void forgotten(KeptJob job) {
        if (!views.isRemote(job.id())) {
            owned.forgotten(job);
        }
    }
}

package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.job.Job;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobId;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.Picture;
import dev.weir.gateway.job.RefusedException;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs of the ledger that this gateway owns. It accepts jobs and releases those that turn out to belong to another
 * gateway. Event loop of the gateway.
 */
final class OwnedJobs implements RecordedJob.Owner {

    private static final Logger log = LoggerFactory.getLogger(OwnedJobs.class);
    /** A write without an answer may still take effect this much later. */
    private static final List<Duration> REMOVE_AGAIN = List.of(Duration.ofSeconds(2), Duration.ofSeconds(20));

    private static final Duration REMOVED = Duration.ofSeconds(25);

    private static final String WOKEN = "this gateway stood still, and has yet to find the others again";
    private static final String CUT_OFF = "this gateway sees no other node, and may be cut off";
    /** The code of a job that could not be recorded, or looked up, in time. */
    static final String UNRECORDED = "ledger_unavailable";

    private static final long RETRY_SECONDS = 2;
    private static final int DRAWS = 16;

    private final Loop loop;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Stores stores;
    private final Gateways gateways;
    private final Patience patience;
    private final Map<String, RecordedJob> recorded = new HashMap<>();
    /** Jobs that may be in the ledger under this gateway's name and are not started: not yet, or rejected. */
    private final Set<String> unborn = new HashSet<>();

    private final InOrder deletions = new InOrder();

    private Consumer<RecordedJob> onHold = job -> {};
    private Consumer<KeptJob> onLetGo = job -> {};

    OwnedJobs(Loop loop, Jobs jobs, KeptJobs kept, Stores stores, Gateways gateways, Patience patience) {
        this.loop = loop;
        this.jobs = jobs;
        this.kept = kept;
        this.stores = stores;
        this.gateways = gateways;
        this.patience = patience;
        gateways.onOverslept(this::letGoOfAll);
    }

    /** @param listener called with each job that this gateway owns from now on */
    void onHold(Consumer<RecordedJob> listener) {
        onHold = onHold.andThen(listener);
    }

    /** @param listener called with each job that continues at another gateway */
    void onLetGo(Consumer<KeptJob> listener) {
        onLetGo = listener;
    }

    /** Whether a job in this gateway's name that it does not hold must nevertheless not be adopted by others. */
    boolean isUnborn(String id) {
        return unborn.contains(id);
    }

    boolean holds(String id) {
        return recorded.containsKey(id);
    }

    /**
     * A job id whose record is stored on another node, if there is one, so that an adopter can read what this gateway
     * wrote.
     */
    String newId() {
        return newIdAwayFrom("");
    }

    /** The same for a second attempt: away from the node of the first one. */
    String newIdAfter(String first) {
        return newIdAwayFrom(stores.ledger().holder(first));
    }

    private String newIdAwayFrom(String node) {
        String id = JobId.at(loop.nowMs(), loop.random());
        for (int i = 1; i < DRAWS && stores.ledger().holder(id).equals(node); i++) {
            id = JobId.at(loop.nowMs(), loop.random());
        }
        return id;
    }

    /**
     * Accepts a job and starts it. Its record is written later.
     *
     * @throws RefusedException as {@link Jobs#submit}
     */
    KeptJob begin(JobSpec spec) {
        if (!gateways.settled()) {
            throw unavailable(WOKEN);
        }
        RecordedJob recordedJob = describe(newId(), spec);
        Job job = jobs.reserve(recordedJob.id(), spec, recordedJob.kept().createdMs(), recordedJob);
        keepAttachments(job, recordedJob);
        hold(recordedJob);
        recordedJob.write();
        loop.here().execute(() -> jobs.begin(job));
        return recordedJob.kept();
    }

    /**
     * Accepts a job, and starts it once it is recorded. Otherwise fails with a {@link RefusedException}, and nothing is
     * started.
     */
    Future<KeptJob> submit(String id, JobSpec spec) {
        if (!gateways.settled()) {
            return Future.failedFuture(unavailable(WOKEN));
        }
        if (gateways.isCutOff()) {
            return Future.failedFuture(unavailable(CUT_OFF));
        }
        RecordedJob recordedJob = describe(id, spec);
        Job job;
        Future<Void> stored;
        try {
            job = jobs.reserve(id, spec, recordedJob.kept().createdMs(), recordedJob);
            stored = keepAttachments(job, recordedJob);
        } catch (RefusedException e) {
            return Future.failedFuture(e);
        }
        byte[] record = recordedJob.next();
        return stored.compose(kept -> {
                    unborn.add(id);
                    return stores.ledger().create(id, record, recordedJob.life());
                })
                .transform(created -> {
                    if (created.succeeded() && created.result()) {
                        unborn.remove(id);
                        recordedJob.isWritten(record);
                        hold(recordedJob);
                        jobs.begin(job);
                        return Future.succeededFuture(recordedJob.kept());
                    }
                    recordedJob.drop();
                    jobs.withdraw(job);
                    stores.attachments().forget(id, spec.generation());
                    REMOVE_AGAIN.forEach(after ->
                            loop.after(after.toMillis(), () -> stores.ledger().remove(id, record)));
                    loop.after(REMOVED.toMillis(), () -> unborn.remove(id));
                    String reason = created.failed() ? created.cause().getMessage() : "its name is taken";
                    return Future.failedFuture(unavailable("the job could not be recorded: " + reason));
                });
    }

    private Future<Void> keepAttachments(Job job, RecordedJob recordedJob) {
        try {
            return stores.attachments().keep(job.id(), job.spec().attachments(), recordedJob.life());
        } catch (RefusedException e) {
            jobs.withdraw(job);
            throw e;
        }
    }

    static RefusedException unavailable(String message) {
        return RefusedException.unavailable(UNRECORDED, message, RETRY_SECONDS);
    }

    private RecordedJob describe(String id, JobSpec spec) {
        long now = loop.nowMs();
        JobRecord record =
                RecordFormat.describe(id, spec, now, now + patience.deadline().toMillis(), gateways.self());
        return recorded(new KeptJob(id, spec.with(List.of()), now, loop), record, null);
    }

    /** @param known the record in the ledger; null: not written yet */
    RecordedJob recorded(KeptJob show, JobRecord record, byte[] known) {
        return new RecordedJob(
                loop, this, stores.ledger(), stores.checkpoints(), show, record, known, patience.result());
    }

    void hold(RecordedJob job) {
        recorded.put(job.id(), job);
        kept.add(job.kept());
        onHold.accept(job);
    }

    @Override
    public boolean speaks() {
        gateways.checkAwake();
        return gateways.settled();
    }

    @Override
    public void made(Completed image) {
        stores.pictures().ifPresent(store -> store.keep(image));
    }

    @Override
    public void lost(RecordedJob job) {
        if (recorded.remove(job.id(), job)) {
            log.info("The job {} continues at another gateway", job.id());
            letGo(job);
        }
    }

    private void letGo(RecordedJob job) {
        job.drop();
        jobs.letGo(job.id());
        stores.checkpoints().leave(job.id(), job.kept().spec().samples());
        stores.attachments().leave(job.id());
        if (job.kept().isOver()) {
            // Its ends may be unknown to the next owner, and its record is not this gateway's to remove.
            kept.remove(job.id());
        } else {
            onLetGo.accept(job.kept());
        }
    }

    private void letGoOfAll() {
        List<RecordedJob> all = List.copyOf(recorded.values());
        recorded.clear();
        all.forEach(this::letGo);
    }

    /** Leaves unfinished jobs to the other gateways, once the state of all jobs is written or that takes too long. */
    Future<Void> handOver() {
        List<Future<Void>> written =
                recorded.values().stream().map(RecordedJob::handOver).toList();
        return Future.join(written).transform(done -> {
            letGoOfAll();
            return Future.succeededFuture();
        });
    }

    @Override
    public void closed(RecordedJob job) {
        recorded.remove(job.id(), job);
        KeptJob show = job.kept();
        JobSpec spec = show.spec();
        show.keeps(stores.attachments().finish(job.id(), spec.generation(), name -> isNeededAgain(show, name)));
        for (int sample = 0; sample < spec.samples(); sample++) {
            if (show.picture(sample).isEmpty()) {
                stores.checkpoints().forget(job.id(), sample);
            }
        }
    }

    /** Whether a finished image would be made from an image of the request again, if it were lost with its gateway. */
    private boolean isNeededAgain(KeptJob job, String name) {
        return IntStream.range(0, job.spec().samples())
                .filter(sample -> job.picture(sample).isPresent())
                .anyMatch(sample -> job.spec().isRead(stores.checkpoints().entry(job.id(), sample), name));
    }

    /**
     * Deletes the image of a sample wherever it is stored. The job stays. Completes with whether there was one, when its
     * record says so too; fails if it does not.
     */
    Future<Boolean> delete(KeptJob job, int sample) {
        Optional<Picture> picture = job.picture(sample);
        if (picture.isEmpty()) {
            return Future.succeededFuture(false);
        }
        return deletions
                .of(job.id(), () -> deleteInRecord(job.id(), sample))
                .onSuccess(written -> {
                    job.delete(sample);
                    stores.pictures()
                            .ifPresent(store ->
                                    store.forget(job.id(), sample, picture.get().format()));
                    stores.checkpoints().forget(job.id(), sample);
                })
                .map(true);
    }

    private Future<Void> deleteInRecord(String id, int sample) {
        RecordedJob open = recorded.get(id);
        if (open != null) {
            return open.delete(sample);
        }
        return Retry.of(() -> stores.ledger().find(id).compose(found -> found.map(entry -> without(entry, sample))
                        .orElseGet(Future::succeededFuture)))
                .recover(problem -> {
                    log.warn("The deletion of image {} of {} is not recorded: {}", sample, id, problem.getMessage());
                    return Future.failedFuture(unavailable("the deletion could not be recorded"));
                });
    }

    /** Of a job that is over, which nothing else writes. */
    private Future<Void> without(Ledger.Entry entry, int sample) {
        byte[] record = RecordFormat.without(entry.record(), sample).toByteArray();
        return stores.ledger()
                .replace(entry.record().getId(), entry.bytes(), record, patience.result())
                .compose(written ->
                        written ? Future.succeededFuture() : Future.failedFuture("the record has changed meanwhile"));
    }

    /** The job is no longer kept here. */
    void forgotten(KeptJob job) {
        Optional.ofNullable(recorded.remove(job.id())).ifPresent(RecordedJob::drop);
        stores.ledger().remove(job.id());
        stores.attachments().forget(job.id(), job.spec().generation());
        stores.pictures().ifPresent(store -> store.forget(job.id()));
        for (int sample = 0; sample < job.spec().samples(); sample++) {
            stores.checkpoints().forget(job.id(), sample);
        }
    }
}

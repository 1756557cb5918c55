package dev.weir.gateway.ledger;

import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.job.AdoptedJob;
import dev.weir.gateway.job.AdoptedJob.AdoptedSample;
import dev.weir.gateway.job.Job;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.Strikes;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.Loop;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.stage.Snapshot;
import io.micrometer.core.instrument.Counter;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this gateway the owner of a job of the ledger, and continues the job. It first regenerates images that were
 * announced and then lost with their gateway, and then continues the unfinished samples. If several gateways try, the
 * one whose write finds the record unchanged succeeds. Event loop of the gateway.
 */
final class Adoption {

    private static final Logger log = LoggerFactory.getLogger(Adoption.class);

    private final Loop loop;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Stores stores;
    private final OwnedJobs owned;
    private final Gateways gateways;
    private final Patience patience;
    private final Counter adopted;
    private final Map<String, Future<Optional<KeptJob>>> underway = new HashMap<>();
    private Consumer<KeptJob> onBegun = job -> {};
    private Consumer<String> onDoubt = job -> {};

    Adoption(
            NodeContext node,
            Jobs jobs,
            KeptJobs kept,
            Stores stores,
            OwnedJobs owned,
            Gateways gateways,
            Patience patience) {
        this.loop = node.loop();
        this.jobs = jobs;
        this.kept = kept;
        this.stores = stores;
        this.owned = owned;
        this.gateways = gateways;
        this.patience = patience;
        this.adopted = Counter.builder("weir.gateway.adopted")
                .description("Jobs taken over from gateways that are gone")
                .register(node.metrics());
    }

    /** @param listener called with each adopted job whose samples go on here */
    void onBegun(Consumer<KeptJob> listener) {
        onBegun = listener;
    }

    /** @param listener called with the id of each job whose record may be this gateway's now: its write had no answer */
    void onDoubt(Consumer<String> listener) {
        onDoubt = listener;
    }

    /** Whether this gateway knows the cluster's state and is not shutting down. */
    boolean isPossible() {
        return gateways.acquainted() && !jobs.isDraining();
    }

    /** @return the job, or empty if another gateway was quicker; fails if the ledger did not answer */
    Future<Optional<KeptJob>> adopt(Ledger.Entry entry) {
        // The record belongs to this gateway before the answer arrives. A lookup in between finds no gateway that holds
        // the job.
        String id = entry.record().getId();
        if (owned.isUnborn(id)) {
            return Future.succeededFuture(Optional.empty());
        }
        Future<Optional<KeptJob>> known = underway.get(id);
        if (known != null) {
            return known;
        }
        // Before the job is held: what is held is shown, and without its images a finished job would look like a new
        // one.
        Future<Optional<KeptJob>> adopting = stores.pictures()
                .map(store -> store.find(entry.record()))
                .orElseGet(() -> Future.succeededFuture(Map.of()))
                .compose(images -> take(entry, images));
        underway.put(id, adopting);
        return adopting.onComplete(done -> underway.remove(id, adopting)).onFailure(problem -> onDoubt.accept(id));
    }

    private Future<Optional<KeptJob>> take(Ledger.Entry entry, Map<Integer, byte[]> images) {
        JobRecord before = entry.record();
        boolean over = Ledger.isOver(before);
        // Images of a finished job are regenerated when somebody requests them, which may be after its deadline.
        long deadlineMs = over ? loop.nowMs() + patience.deadline().toMillis() : before.getDeadlineMs();
        JobRecord record = before.toBuilder()
                .setOwner(gateways.self())
                .setEpoch(Epoch.after(before.getEpoch(), gateways.self()))
                .setVersion(0)
                .setDeadlineMs(deadlineMs)
                .build();
        byte[] bytes = record.toByteArray();
        Duration life = RecordedJob.life(record, over, patience.result(), loop.nowMs());
        return stores.ledger()
                .replace(record.getId(), entry.bytes(), bytes, life)
                .compose(won -> {
                    if (!won || !gateways.settled()) {
                        return Future.succeededFuture(Optional.empty());
                    }
                    log.info("Adopts the job {} of the lost gateway {}", record.getId(), before.getOwner());
                    adopted.increment();
                    // Only now: a view of the job may have been opened or forgotten meanwhile.
                    KeptJob show = shown(record)
                            .orElseGet(() -> new KeptJob(
                                    record.getId(), RecordFormat.spec(record), record.getCreatedMs(), loop));
                    RecordedJob job = owned.recorded(show, record, bytes);
                    owned.hold(job);
                    return goOn(job, record, images).map(Optional.of(show));
                });
    }

    /**
     * What this gateway shows of the job. An owner may have reported an end without recording it, and the sample ends
     * again under a later number. Then clients start anew.
     */
    private Optional<KeptJob> shown(JobRecord record) {
        Optional<KeptJob> shown = kept.find(record.getId());
        if (shown.isEmpty() || RecordFormat.hasEnds(record, shown.get())) {
            return shown;
        }
        kept.remove(record.getId());
        shown.get().lose();
        return Optional.empty();
    }

    private Future<Void> goOn(RecordedJob job, JobRecord record, Map<Integer, byte[]> images) {
        KeptJob show = job.kept();
        JobSpec spec = show.spec();
        PicturesAgain again = new PicturesAgain(job, record, images);
        List<Future<AdoptedSample>> samples = new ArrayList<>();
        for (int sample = 0; sample < spec.samples(); sample++) {
            samples.add(sample(record, sample, job.hasEnded(sample) && !again.isLost(sample)));
        }
        return Future.all(samples).compose(found -> stores.attachments()
                .find(job.id(), spec.generation())
                .map(inputs -> {
                    if (owned.holds(job.id())) {
                        stores.attachments().hold(job.id(), inputs);
                        begin(job, spec.with(inputs), record, found.list(), again);
                    }
                    return null;
                }));
    }

    private void begin(
            RecordedJob job, JobSpec spec, JobRecord record, List<AdoptedSample> samples, PicturesAgain again) {
        AdoptedJob adoptedJob = new AdoptedJob(
                record.getId(), spec, record.getCreatedMs(), record.getDeadlineMs(), record.getEpoch(), samples);
        if (samples.stream().allMatch(AdoptedSample::ended)) {
            job.write();
            return;
        }
        Job begun = jobs.adopt(adoptedJob, again);
        again.afterwards(() -> {
            for (int sample = 0; sample < samples.size(); sample++) {
                if (!samples.get(sample).ended() && !again.isLost(sample)) {
                    jobs.resume(begun, sample);
                }
            }
        });
        again.lost().forEach(sample -> jobs.resume(begun, sample));
        onBegun.accept(job.kept());
    }

    private Future<AdoptedSample> sample(JobRecord record, int sample, boolean ended) {
        List<JobEventRecord> told = record.getEventsList().stream()
                .filter(event -> event.getSample() == sample)
                .toList();
        int attempt = told.stream().mapToInt(JobEventRecord::getAttempt).reduce(1, Math::max);
        int step = told.stream().mapToInt(JobEventRecord::getStep).reduce(0, Math::max);
        Strikes strikes = RecordFormat.strikes(record).getOrDefault(sample, Strikes.NONE);
        Future<Optional<Snapshot>> checkpoint =
                ended ? Future.succeededFuture(Optional.empty()) : checkpoint(record.getId(), sample);
        return checkpoint.map(found -> new AdoptedSample(attempt, step, found, strikes, ended));
    }

    /** Without a checkpoint the sample starts over. This costs time, but the image is the same. */
    private Future<Optional<Snapshot>> checkpoint(String job, int sample) {
        return Retry.of(() -> stores.checkpoints().find(job, sample)).otherwise(problem -> {
            log.warn("The checkpoint of {}/{} could not be read: {}", job, sample, problem.getMessage());
            return Optional.empty();
        });
    }
}

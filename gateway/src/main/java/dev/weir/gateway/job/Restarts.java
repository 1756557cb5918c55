package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Resumed;
import dev.weir.runtime.Loop;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.ops.SampleLog;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.trace.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What happens to a sample whose node was lost, failed or handed it back: a new attempt from its newest checkpoint, or
 * failure if this has happened too often without progress. Event loop of {@link Jobs}, which sends and ends samples.
 */
final class Restarts {

    private static final Logger log = LoggerFactory.getLogger(Restarts.class);
    private static final long PAUSE_MS = 100;

    /** No strike against the sample: it waits for a node until its deadline. */
    private static final String NO_NODE = "no_node";

    /** Longer than a node takes to look into a folder twice, and to tell what it found. */
    private static final long FILE_PAUSE_MS = 1000;

    private static final int MOST_MISSED_FILES = 3;
    private static final int BLIND = 2;
    private static final long SUPERSEDED_PAUSE_MS = 1000;

    private static final Failure DRAINED = new Failure("handed_back", "a node is draining", true);
    private static final Failure REBALANCED =
            new Failure("rebalanced", "rebalanced: a node with less work continues", true);

    private final Loop loop;
    private final Jobs jobs;
    private final int mostStrikes;
    private final JobMetrics metrics;
    private final Quarantine quarantine = new Quarantine();

    /** @param mostStrikes consecutive losses and failures, without progress, that fail a sample */
    Restarts(Loop loop, Jobs jobs, int mostStrikes, JobMetrics metrics) {
        this.loop = loop;
        this.jobs = jobs;
        this.mostStrikes = mostStrikes;
        this.metrics = metrics;
    }

    /** A node or the search for one failed. If another node may succeed, the sample is tried again after a pause. */
    void failed(Job job, Sample sample, Failure failure) {
        if (failure.isSuperseded()) {
            superseded(job, sample, failure);
        } else if (!failure.retryable()) {
            jobs.fail(job, sample, failure);
        } else if (failure.code().equals(Failure.FILE_UNAVAILABLE)) {
            fileUnavailable(job, sample, failure);
        } else if (failure.code().equals(NO_NODE)) {
            Optional<Failure> missingFiles = jobs.missingFiles(job, sample);
            if (missingFiles.isPresent()) {
                withoutFiles(job, sample, missingFiles.get());
            } else if (isLastChance(sample)) {
                wait(job, sample, failure); // Meanwhile it is the turn of others, whose models have nodes.
            } else {
                restart(job, sample, failure, PAUSE_MS);
            }
        } else {
            strike(job, sample, failure, true);
        }
    }

    /**
     * The search has waited for a node that has the files. Where nobody writes them, they may have been removed, or their node be down:
     * the client may ask again.
     */
    private void withoutFiles(Job job, Sample sample, Failure missing) {
        if (missing.retryable()) {
            fileUnavailable(job, sample, missing);
        } else {
            jobs.fail(job, sample, new Failure(Failure.FILE_UNAVAILABLE, missing.message(), true));
        }
    }

    /**
     * The node looks into its folder meanwhile, and the next attempt takes the file that is there then. This is no strike: the sample
     * has crashed nothing.
     */
    private void fileUnavailable(Job job, Sample sample, Failure failure) {
        if (sample.missedFile() < MOST_MISSED_FILES) {
            restart(job, sample, failure, FILE_PAUSE_MS);
        } else {
            jobs.fail(job, sample, failure);
        }
    }

    /**
     * Another owner may have the job. The next attempt needs a later epoch, which the ledger grants only to the owner.
     * Two parts of a partitioned cluster may both grant it. The pause bounds how often their owners supersede each other.
     */
    private void superseded(Job job, Sample sample, Failure failure) {
        Attempt superseded = sample.current();
        sample.pause();
        job.raiseEpoch(Math.max(superseded.epoch(), failure.newest().epoch())).onSuccess(raised -> {
            if (!sample.ended() && sample.current().equals(superseded)) {
                restart(job, sample, failure, SUPERSEDED_PAUSE_MS);
            }
        });
    }

    /**
     * A node handed the sample back, which is no strike.
     *
     * @param to the address of the node with less work; empty: the holder drains
     */
    void handedBack(Job job, Sample sample, String to) {
        begin(job, sample, to.isEmpty() ? DRAINED : REBALANCED);
        sample.moveTo(to);
        jobs.send(job, sample);
    }

    /** Its owner is dead, and another owner continues. */
    void adopted(Job job, Sample sample) {
        Failure lost = new Failure("gateway_lost", "the gateway that owned the job was lost", true);
        if (isLastChance(sample)) {
            wait(job, sample, lost);
        } else {
            restart(job, sample, lost, 0);
        }
    }

    void silent(Job job, Sample sample, long milliseconds) {
        String message = "nothing was heard for %d ms".formatted(milliseconds);
        strike(job, sample, new Failure("silence", message, true), false);
    }

    /** No node states that it has the sample, and none has reported about it for a while. */
    void missing(Job job, Sample sample, boolean holderIsAlive) {
        if (holderIsAlive) {
            // A message was lost. The sample is not to blame.
            restart(job, sample, new Failure("missing", "no node has the sample any more", true), 0);
        } else {
            String message = "the %s node %s was lost".formatted(Addresses.name(sample.stage()), sample.holder());
            lostOn(job, sample, new Failure("node_lost", message, true));
        }
    }

    /** Call it now and then. */
    void sweep() {
        quarantine.next();
    }

    private void lostOn(Job job, Sample sample, Failure failure) {
        if (sample.wasStruckAt(sample.holder())) {
            restart(
                    job, sample, failure,
                    0); // The node came back: it was partitioned, and the sample did not crash it.
        } else {
            strike(job, sample, failure, false);
        }
    }

    /** @param pauses whether to pause before the first new attempt too */
    private void strike(Job job, Sample sample, Failure failure, boolean pauses) {
        sample.strike();
        job.struck(sample);
        int strikes = sample.danger();
        if (strikes >= fatalStrikes()) {
            String message = "%s; it was lost or failed %d times without coming further, on %s"
                    .formatted(failure.message(), strikes, sample.strikes().where());
            jobs.fail(job, sample, new Failure(failure.code(), message, false));
            return;
        }
        if (isLastChance(sample)) {
            wait(job, sample, failure);
            return;
        }
        long pause = PAUSE_MS << strikes;
        restart(job, sample, failure, pauses ? pause + loop.random().nextLong(pause) : 0);
    }

    /**
     * A gateway that sees no stage at all may be partitioned: the sample did not crash the nodes, and a node that
     * reappears will show it.
     */
    private int fatalStrikes() {
        return jobs.seesStages() ? mostStrikes : BLIND * mostStrikes;
    }

    /** Whether one more strike fails the sample. */
    private boolean isLastChance(Sample sample) {
        return sample.danger() > 0 && sample.danger() == mostStrikes - 1;
    }

    /** Another attempt, when it is the sample's turn. */
    private void wait(Job job, Sample sample, Failure reason) {
        begin(job, sample, reason);
        quarantine.add(sample, () -> sendOrFail(job, sample, reason));
    }

    private void restart(Job job, Sample sample, Failure reason, long pauseMs) {
        begin(job, sample, reason);
        int attempt = sample.attempt();
        if (pauseMs == 0) {
            jobs.send(job, sample);
            return;
        }
        loop.after(pauseMs, () -> {
            if (sample.attempt() == attempt && !sample.ended()) {
                sendOrFail(job, sample, reason);
            }
        });
    }

    /**
     * Waiting until the deadline would not help where a model was found broken and no other node serves it, or where the node that failed
     * has looked into its folder and a file is gone from there.
     */
    private void sendOrFail(Job job, Sample sample, Failure reason) {
        Optional<Failure> missingFiles = reason.code().equals(Failure.FILE_UNAVAILABLE)
                ? jobs.missingFiles(job, sample).filter(missing -> !missing.retryable())
                : Optional.empty();
        if (missingFiles.isPresent()) {
            jobs.fail(job, sample, missingFiles.get());
        } else if (reason.code().equals(Failure.NOT_FINITE) && !jobs.isServed(job)) {
            jobs.fail(job, sample, reason);
        } else {
            jobs.send(job, sample);
        }
    }

    /** Another attempt, which is reported but not sent yet. */
    private void begin(Job job, Sample sample, Failure reason) {
        metrics.restarted(reason.code());
        sample.trace().addEvent("new attempt", Attributes.of(AttributeKey.stringKey("reason"), reason.code()));
        SampleLog.about(job.ref(sample), sample.stage(), Tracing.traceparent(sample.trace()), () -> log.atLevel(
                        reason == REBALANCED ? Level.INFO : Level.WARN)
                .log("A sample gets a new attempt: {}: {}", reason.code(), reason.message()));
        sample.restart(job.epoch(), jobs.now());
        int step = sample.checkpoint()
                .map(from -> job.spec().overallStep(from.checkpoint()))
                .orElse(0);
        sample.stepped(step);
        job.tell(new Resumed(job.moment(sample, step), reason.message()));
    }
}

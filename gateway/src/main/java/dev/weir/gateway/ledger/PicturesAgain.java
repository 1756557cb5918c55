package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.JobWatcher;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.Strikes;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.Future;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Handles the events of an adopted job. The samples whose images are regenerated have already been reported, under the
 * numbers in the record, and some watchers have received those events. So the events keep these numbers and go to the
 * watchers that lack them, in order: whatever has a later number waits for them. Otherwise a watcher that comes back for
 * what follows the last number that it knows would never receive them. Event loop of the gateway.
 */
final class PicturesAgain implements JobWatcher {

    private final RecordedJob job;
    /** By sample, as they were reported. */
    private final SortedMap<Integer, Completed> told = new TreeMap<>();
    /** By number, what will be reported when all images exist. */
    private final SortedMap<Long, JobEvent> later = new TreeMap<>();
    /** By number, those of samples that wait and of this owner, such as the newest place in the queue of each. They are reported after those. */
    private final SortedMap<Long, JobEvent> own = new TreeMap<>();

    private int made;
    private Runnable afterwards = () -> {};

    /**
     * Reports what the record holds, up to the first lost image.
     *
     * @param files the images that are not lost, by sample
     */
    PicturesAgain(RecordedJob job, JobRecord record, Map<Integer, byte[]> files) {
        this.job = job;
        KeptJob show = job.kept();
        record.getEventsList().stream()
                .map(event -> RecordFormat.event(
                        record.getId(), show.spec(), event, files.getOrDefault(event.getSample(), new byte[0])))
                .flatMap(Optional::stream)
                .sorted(Comparator.comparingLong(event -> event.at().seq()))
                .forEach(event -> {
                    int sample = event.at().sample();
                    if (event instanceof Completed completed && !show.hasEnded(sample) && !files.containsKey(sample)) {
                        told.put(sample, completed);
                    } else if (told.isEmpty()) {
                        show.on(event);
                    } else {
                        later.put(event.at().seq(), event);
                    }
                });
    }

    /** Whether the image of a sample was reported, and is not here. */
    boolean isLost(int sample) {
        return told.containsKey(sample);
    }

    /** The samples whose images are lost. */
    Set<Integer> lost() {
        return told.keySet();
    }

    /** @param next completes once the images exist, immediately if none is missing */
    void afterwards(Runnable next) {
        if (told.isEmpty()) {
            next.run();
        } else {
            afterwards = next;
        }
    }

    @Override
    public void on(JobEvent event) {
        Completed before = told.get(event.at().sample());
        if (before == null && made < told.size()) {
            wait(event);
        } else if (before == null) {
            job.on(event);
        } else if (event.isLast()) {
            Moment at = before.at();
            JobEvent again = again(before, event);
            later.put(at.seq(), again);
            if (again instanceof Completed image) {
                job.madeAgain(image);
            }
            made++;
            if (made == told.size()) {
                later.values().forEach(job.kept()::on);
                job.write();
                own.values().forEach(job::on);
                afterwards.run();
            }
        }
    }

    /** Other samples do not run yet: they have places in the queue, warnings, and the end of a cancellation or a failure. */
    private void wait(JobEvent event) {
        int sample = event.at().sample();
        if (event.isLast()) {
            own.values().removeIf(earlier -> earlier.at().sample() == sample);
            later.put(event.at().seq(), event);
            job.end(event);
            return;
        }
        if (event instanceof Queued) {
            own.values()
                    .removeIf(
                            earlier -> earlier instanceof Queued && earlier.at().sample() == sample);
        }
        own.put(event.at().seq(), event);
    }

    private static JobEvent again(Completed before, JobEvent now) {
        return now instanceof Completed completed
                ? new Completed(before.at(), completed.picture(), before.timings(), before.seconds())
                : now instanceof Failed failed
                        ? new Failed(before.at(), failed.failure())
                        : new JobEvent.Cancelled(before.at());
    }

    @Override
    public void reached(int sample, Snapshot checkpoint) {
        job.reached(sample, checkpoint);
    }

    @Override
    public Future<Long> raiseEpoch(long above) {
        return job.raiseEpoch(above);
    }

    @Override
    public void doubted() {
        job.doubted();
    }

    @Override
    public void struck(int sample, Strikes strikes) {
        job.struck(sample, strikes);
    }
}

package dev.weir.gateway.ledger;

import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.JobWatcher;
import dev.weir.gateway.job.Strikes;
import dev.weir.proto.v1.JobEventRecord;
import dev.weir.proto.v1.JobRecord;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Handles the events of an adopted job. The samples whose images are regenerated have already been reported, under the
 * numbers in the record, and some watchers have received those events. So the events keep these numbers and go to the
 * watchers that lack them, in order, before any new event. Event loop of the gateway.
 */
final class PicturesAgain implements JobWatcher {

    private final RecordedJob job;
    /** By sample, as they were reported. */
    private final Map<Integer, Completed> told = new HashMap<>();
    /** By number, as they will be reported. */
    private final SortedMap<Long, JobEvent> made = new TreeMap<>();

    private Runnable afterwards = () -> {};

    PicturesAgain(RecordedJob job, JobRecord record, Set<Integer> samples) {
        this.job = job;
        for (JobEventRecord event : record.getEventsList()) {
            if (event.hasCompleted() && samples.contains(event.getSample())) {
                RecordFormat.event(record.getId(), job.kept().spec(), event, new byte[0])
                        .ifPresent(completed -> told.put(event.getSample(), (Completed) completed));
            }
        }
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
        if (before == null) {
            job.on(event);
        } else if (event.isLast()) {
            Moment at = before.at();
            made.put(at.seq(), again(before, event));
            if (made.size() == told.size()) {
                made.values().forEach(job.kept()::on);
                job.write();
                afterwards.run();
            }
        }
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

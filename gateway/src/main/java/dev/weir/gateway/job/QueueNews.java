package dev.weir.gateway.job;

import dev.weir.gateway.job.JobEvent.Queued;
import dev.weir.gateway.job.Queue.Place;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Tells of each sample that waits where it stands in the queue, when it comes and as the queue moves; nothing once a stage with
 * steps has begun with it. Event loop of {@link Jobs}.
 */
final class QueueNews {

    /** A change of the time that is left is told only past these, so that an estimate that wavers tells nothing. */
    private static final double LEAST_CHANGE_SECONDS = 1;

    private static final double LEAST_CHANGE_SHARE = 0.2;
    /** To tell of any sample, all are looked at. While there are more, a job that comes waits for the next look. */
    private static final int MOST_AT_ONCE = 128;
    /** Between two looks, for each sample in flight: with thousands, a look takes a tenth of a second. */
    private static final int PAUSE_MS = 2;

    private static final int LONGEST_PAUSE_MS = 5000;

    private final Queue queue;
    private final Calibration calibration = new Calibration();
    /** Jobs that have come since the last look, and were not told of. */
    private final Set<Job> untold = new HashSet<>();

    private Supplier<List<Demand>> others = List::of;
    private long lookedMs;

    QueueNews(ModelCatalog catalog) {
        this.queue = new Queue(catalog);
    }

    /** @param told what the samples of other gateways need, as those told it last */
    void others(Supplier<List<Demand>> told) {
        others = told;
    }

    /** What the samples of this gateway need. */
    List<Demand> demands(Collection<Job> jobs) {
        List<Demand> demands = new ArrayList<>();
        for (Job job : jobs) {
            job.open().forEach(sample -> demands.add(Demand.of(job, sample)));
        }
        return demands;
    }

    /** Seconds until a job that comes now is done. */
    double secondsUntilDone(JobSpec spec, Collection<Job> jobs, long nowMs) {
        List<Demand> demands = demands(jobs);
        demands.addAll(others.get());
        return queue.secondsUntilDone(demands, Demand.of(spec, nowMs));
    }

    /** The same, if there were nothing else to do. */
    double secondsAlone(JobSpec spec, long nowMs) {
        return queue.secondsAlone(Demand.of(spec, nowMs));
    }

    /** Seconds in which shorter samples that came later may pass a sample. */
    double longestYield(Job job, Sample sample) {
        return queue.longestYield(Demand.of(job, sample));
    }

    /** Unfinished samples of other gateways. */
    int othersInFlight() {
        return others.get().size();
    }

    /** Unfinished samples of a user at all gateways. */
    int inFlight(String user, Collection<Job> jobs) {
        long here = jobs.stream()
                .filter(job -> job.spec().user().equals(user))
                .mapToLong(job -> job.open().size())
                .sum();
        return (int) (here
                + others.get().stream()
                        .filter(there -> there.user().equals(user))
                        .count());
    }

    /** Tells of the samples of one job, which has just come, now or at the next look. */
    void begin(Job job, Collection<Job> jobs, long nowMs) {
        if (jobs.size() + othersInFlight() > MOST_AT_ONCE) {
            untold.add(job);
        } else {
            tell(Set.of(job), jobs, nowMs);
        }
    }

    /** Tells what has changed since it was told last; to be called now and then. */
    void look(Collection<Job> jobs, long nowMs) {
        int samples = othersInFlight()
                + jobs.stream().mapToInt(job -> job.samples().size()).sum();
        long passed = nowMs - lookedMs;
        // The clock of the day may step back.
        if (passed >= 0 && passed < Math.min(LONGEST_PAUSE_MS, PAUSE_MS * samples)) {
            return;
        }
        lookedMs = nowMs;
        Set<Job> waiting = jobs.stream()
                .filter(job -> untold.contains(job) || job.samples().stream().anyMatch(Sample::isQueued))
                .collect(Collectors.toSet());
        untold.clear();
        if (!waiting.isEmpty()) {
            tell(waiting, jobs, nowMs);
        }
    }

    /** @param concerned jobs whose samples are on their way */
    private void tell(Set<Job> concerned, Collection<Job> jobs, long nowMs) {
        List<Demand> demands = demands(jobs);
        demands.addAll(others.get());
        List<Place> places = queue.places(demands);
        int next = 0;
        for (Job job : List.copyOf(jobs)) {
            for (Sample sample : job.open()) {
                Place place = calibrated(job, places.get(next++));
                if (concerned.contains(job) && sample.waits() && isNews(sample, place, nowMs)) {
                    Queued queued = new Queued(job.moment(sample), place.ahead(), place.seconds());
                    sample.queued(queued, nowMs);
                    job.tell(queued);
                }
            }
        }
    }

    private Place calibrated(Job job, Place place) {
        return new Place(place.ahead(), calibration.calibrated(job.spec().model(), place.seconds()));
    }

    /** Learns from a sample that is done at its first attempt, which no loss or move has made later. */
    void completed(Job job, Sample sample, long nowMs) {
        if (sample.lastQueued() != null && sample.attempt() == 1) {
            double took = (nowMs - sample.queuedMs()) / 1000.0;
            calibration.learn(job.spec().model(), sample.lastQueued().waitSeconds(), took);
        }
    }

    private static boolean isNews(Sample sample, Place place, long nowMs) {
        Queued last = sample.lastQueued();
        if (last == null || last.position() != place.ahead()) {
            return true;
        }
        double expected = Math.max(0, last.waitSeconds() - (nowMs - sample.queuedMs()) / 1000.0);
        return Math.abs(place.seconds() - expected) > Math.max(LEAST_CHANGE_SECONDS, LEAST_CHANGE_SHARE * expected);
    }
}

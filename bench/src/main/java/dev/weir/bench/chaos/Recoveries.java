package dev.weir.bench.chaos;

import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.JobRun.Kind;
import dev.weir.bench.cluster.JobRun.Sight;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/**
 * Seconds from each fault to the next event (a step or the end) of each job that it hit, as clients saw them. A fault
 * hit a job if, within some seconds after it, the job was moved, its client had to use another gateway, or nothing was
 * received about it for longer than a moment.
 */
record Recoveries(List<Recovery> sorted) {

    /** The recovery of one job from one fault. */
    record Recovery(double seconds, Fault fault, String job) {

        @Override
        public String toString() {
            return "%.1f s: %s, job %s".formatted(seconds, fault.what(), job);
        }
    }

    private static final int TOLD = 12;

    private static final double MOMENT_SECONDS = 1;
    private static final long CONCERNS_NANOS = TimeUnit.SECONDS.toNanos(15);

    static Recoveries of(List<Fault> faults, List<JobRun> runs) {
        List<Recovery> all = new ArrayList<>();
        for (int i = 0; i < faults.size(); i++) {
            Fault fault = faults.get(i);
            long end = fault.nanos() + CONCERNS_NANOS;
            long until = i + 1 < faults.size() ? Math.min(end, faults.get(i + 1).nanos()) : end;
            for (JobRun run : runs) {
                of(fault, until, run).ifPresent(seconds -> all.add(new Recovery(seconds, fault, run.id())));
            }
        }
        all.sort(Comparator.comparingDouble(Recovery::seconds));
        return new Recoveries(all);
    }

    /** @param until the time from which on an effect belongs to another fault */
    private static OptionalDouble of(Fault fault, long until, JobRun run) {
        List<Sight> sights = run.sights();
        boolean inFlight = sights.stream().anyMatch(s -> s.kind() == Kind.ACCEPTED && s.nanos() < fault.nanos())
                && sights.stream().anyMatch(s -> isWork(s) && s.nanos() > fault.nanos());
        if (!inFlight) {
            return OptionalDouble.empty();
        }
        Optional<Sight> blow = sights.stream()
                .filter(s -> s.nanos() > fault.nanos() && s.nanos() < until)
                .filter(s -> s.kind() == Kind.TURNED || s.kind() == Kind.MOVED && s.attempt() > 1)
                .findFirst();
        long from = blow.map(Sight::nanos).orElse(fault.nanos());
        double seconds = sights.stream()
                .filter(s -> isWork(s) && s.nanos() > from)
                .mapToDouble(s -> (s.nanos() - fault.nanos()) / 1e9)
                .findFirst()
                .orElse(0);
        return blow.isPresent() && seconds > 0 || seconds > MOMENT_SECONDS
                ? OptionalDouble.of(seconds)
                : OptionalDouble.empty();
    }

    private static boolean isWork(Sight sight) {
        return sight.kind() == Kind.WORK || sight.kind() == Kind.FINAL;
    }

    int count() {
        return sorted.size();
    }

    /** The number of recoveries that took longer than this. */
    long longerThan(double seconds) {
        return sorted.stream().filter(recovery -> recovery.seconds() > seconds).count();
    }

    double medianSeconds() {
        return seconds(0.5);
    }

    double p95Seconds() {
        return seconds(0.95);
    }

    /** By the nearest rank; 0 if no job was hit. */
    private double seconds(double share) {
        return sorted.isEmpty()
                ? 0
                : sorted.get((int) Math.ceil(share * sorted.size()) - 1).seconds();
    }

    /** The longest recoveries, the longest last. */
    List<Recovery> longest() {
        return sorted.subList(Math.max(0, sorted.size() - TOLD), sorted.size());
    }
}

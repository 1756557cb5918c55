package dev.weir.bench.chaos;

import dev.weir.bench.cluster.JobRun;
import dev.weir.bench.cluster.JobRun.Kind;
import dev.weir.bench.cluster.JobRun.Sight;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Seconds from each fault to the next event (a step or the end) of each job that it hit, as clients saw them. A fault
 * hit a job if, within some seconds after it, the job was moved, its client had to use another gateway, or nothing was
 * received about it for longer than a moment. A standstill is shorter where the job went on after the fault, as it does on
 * a node that drains.
 */
record Recoveries(List<Recovery> sorted) {

    /**
     * The recovery of one job from one fault.
     *
     * @param seconds since the fault
     * @param standstill the seconds without an event about the job before that
     */
    record Recovery(double seconds, double standstill, Fault fault, JobRun run) {

        @Override
        public String toString() {
            return "%.1f s: %s, job %s".formatted(seconds, fault.what(), run.id());
        }

        /** With what its client received, and when after the fault. */
        String history() {
            String sights = run.sights().stream()
                    .map(s -> "  %.1f s: %s, attempt %d%n"
                            .formatted((s.nanos() - fault.nanos()) / 1e9, s.kind(), s.attempt()))
                    .collect(Collectors.joining());
            return "%s%n%s".formatted(this, sights);
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
                of(fault, until, run).ifPresent(all::add);
            }
        }
        all.sort(Comparator.comparingDouble(Recovery::seconds));
        return new Recoveries(all);
    }

    /** @param until the time from which on an effect belongs to another fault */
    private static Optional<Recovery> of(Fault fault, long until, JobRun run) {
        List<Sight> sights = run.sights();
        boolean inFlight = sights.stream().anyMatch(s -> s.kind() == Kind.ACCEPTED && s.nanos() < fault.nanos())
                && sights.stream().anyMatch(s -> isWork(s) && s.nanos() > fault.nanos());
        if (!inFlight) {
            return Optional.empty();
        }
        Optional<Sight> blow = sights.stream()
                .filter(s -> s.nanos() > fault.nanos() && s.nanos() < until)
                .filter(s -> s.kind() == Kind.TURNED || s.kind() == Kind.MOVED && s.attempt() > 1)
                .findFirst();
        long from = blow.map(Sight::nanos).orElse(fault.nanos());
        Optional<Sight> back =
                sights.stream().filter(s -> isWork(s) && s.nanos() > from).findFirst();
        double seconds = back.map(s -> (s.nanos() - fault.nanos()) / 1e9).orElse(0.0);
        if (seconds <= (blow.isPresent() ? 0 : MOMENT_SECONDS)) {
            return Optional.empty();
        }
        long before = sights.stream()
                .filter(s -> isWork(s) && s.nanos() > fault.nanos() && s.nanos() <= from)
                .mapToLong(Sight::nanos)
                .max()
                .orElse(fault.nanos());
        return Optional.of(new Recovery(seconds, (back.orElseThrow().nanos() - before) / 1e9, fault, run));
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
        return rank(0.5, seconds());
    }

    double p95Seconds() {
        return rank(0.95, seconds());
    }

    double p95Standstill() {
        return rank(0.95, standstills());
    }

    double longestStandstill() {
        return rank(1, standstills());
    }

    private double[] seconds() {
        return sorted.stream().mapToDouble(Recovery::seconds).toArray();
    }

    private double[] standstills() {
        return sorted.stream().mapToDouble(Recovery::standstill).sorted().toArray();
    }

    /** By the nearest rank; 0 if no job was hit. */
    private static double rank(double share, double[] ascending) {
        return ascending.length == 0 ? 0 : ascending[(int) Math.ceil(share * ascending.length) - 1];
    }

    /** The longest recoveries, the longest last. */
    List<Recovery> longest() {
        return sorted.subList(Math.max(0, sorted.size() - TOLD), sorted.size());
    }
}

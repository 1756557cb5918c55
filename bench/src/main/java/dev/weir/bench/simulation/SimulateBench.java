package dev.weir.bench.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.weir.bench.simulation.Simulation.Outcome;
import dev.weir.cli.Benchmark;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.slf4j.LoggerFactory;

/**
 * The job protocol with faults, in virtual time: each seed is a cluster of its own. The history of the first seed that
 * violates an invariant is printed, with as few faults as still violate it.
 */
public final class SimulateBench implements Benchmark {

    @Override
    public String name() {
        return "simulate";
    }

    @Override
    public String about() {
        return "violations of the job protocol's promises under faults, in virtual time, by --seeds A-B or --seed N";
    }

    @Override
    public Result run(Settings settings) {
        ((Logger) LoggerFactory.getLogger("dev.weir")).setLevel(Level.OFF);
        long first = settings.seed();
        long last = settings.lastSeed();
        if (settings.verbose()) {
            print(Simulation.run(first, true), System.out);
        }
        long begin = System.nanoTime();
        AtomicLong events = new AtomicLong();
        AtomicLong jobs = new AtomicLong();
        List<Outcome> failed = LongStream.rangeClosed(first, last)
                .parallel()
                .mapToObj(seed -> Simulation.run(seed, false))
                .peek(outcome -> {
                    events.addAndGet(outcome.events());
                    jobs.addAndGet(outcome.jobs());
                })
                .filter(Outcome::failed)
                .toList();
        double seconds = (System.nanoTime() - begin) / 1e9;
        failed.stream().limit(1).forEach(outcome -> print(Simulation.minimised(outcome), System.err));
        return result(last - first + 1, jobs.get(), events.get(), seconds, failed);
    }

    private static void print(Outcome outcome, PrintStream out) {
        outcome.history().forEach(out::println);
        out.printf("seed %d, faults %s%n", outcome.seed(), outcome.faults());
    }

    private static Result result(long seeds, long jobs, long events, double seconds, List<Outcome> failed) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("seeds", String.valueOf(seeds)));
        rows.add(List.of("jobs", String.valueOf(jobs)));
        rows.add(List.of("events", String.valueOf(events)));
        rows.add(List.of("seconds", "%.1f".formatted(seconds)));
        rows.add(List.of("seeds with violations", String.valueOf(failed.size())));
        failed.forEach(outcome -> rows.add(List.of("seed " + outcome.seed(), String.join("; ", outcome.violations()))));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("seeds", seeds);
        json.put("jobs", jobs);
        json.put("events", events);
        json.put("seconds", seconds);
        json.put(
                "violations",
                failed.stream()
                        .map(outcome -> Map.of("seed", outcome.seed(), "violations", outcome.violations()))
                        .toList());
        return new Result(List.of("", ""), rows, json, failed.isEmpty());
    }
}

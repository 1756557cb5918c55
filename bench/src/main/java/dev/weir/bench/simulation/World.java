package dev.weir.bench.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/**
 * One virtual clock and one queue of events for all processes of a simulation. Events at the same time run in the order
 * in which they were added. One thread.
 */
final class World {

    /** Any wall clock time: that of ids and deadlines. */
    private static final long START_MS = 1_900_000_000_000L;

    private static final int HISTORY = 20_000;

    private record Due(long micros, long order, Process process, Runnable action) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return micros != other.micros ? Long.compare(micros, other.micros) : Long.compare(order, other.order);
        }
    }

    final SplittableRandom random;
    final List<String> violations = new ArrayList<>();
    private final boolean verbose;
    private final List<String> history = new ArrayList<>();
    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long micros;
    private long orders;
    private long events;

    World(long seed, boolean verbose) {
        this.random = new SplittableRandom(seed);
        this.verbose = verbose;
    }

    long micros() {
        return micros;
    }

    /** Since the beginning. */
    long ms() {
        return micros / 1000;
    }

    long wallMs() {
        return START_MS + micros / 1000;
    }

    long events() {
        return events;
    }

    List<String> history() {
        return history;
    }

    /** Of a process that is dead by then, nothing happens. */
    void after(long delayMicros, Process process, Runnable action) {
        queue.add(new Due(micros + Math.max(0, delayMicros), orders++, process, action));
    }

    /** Runs the next event. @return whether there was one before the given time */
    boolean step(long untilMs) {
        Due next = queue.peek();
        if (next == null || next.micros > untilMs * 1000) {
            micros = Math.max(micros, untilMs * 1000);
            return false;
        }
        queue.poll();
        micros = Math.max(micros, next.micros);
        if (!next.process.runs(next.action)) {
            return true;
        }
        events++;
        try {
            next.action.run();
        } catch (RuntimeException | Error problem) {
            violate("%s threw %s at %s".formatted(next.process, problem, at(problem)));
        }
        return true;
    }

    private static String at(Throwable problem) {
        StackTraceElement[] trace = problem.getStackTrace();
        return trace.length == 0 ? "?" : trace[0].toString();
    }

    /** An invariant does not hold. */
    void violate(String what) {
        violations.add("%.3f s: %s".formatted(micros / 1e6, what));
        note(() -> "VIOLATION " + what);
    }

    /** @param what is only made if there is a history */
    void note(Supplier<String> what) {
        if (verbose && history.size() < HISTORY) {
            history.add("%9.3f  %s".formatted(micros / 1e6, what.get()));
        }
    }
}

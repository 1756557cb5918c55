package dev.weir.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Measured seconds by name. The caller interleaves rounds, because a machine's speed drifts. */
public final class Medians {

    private final Map<String, List<Double>> seconds = new LinkedHashMap<>();

    interface Work {
        void run();
    }

    /** @return the seconds */
    double time(String name, Work work) {
        long begin = System.nanoTime();
        work.run();
        double measured = (System.nanoTime() - begin) / 1e9;
        add(name, measured);
        return measured;
    }

    public void add(String name, double value) {
        seconds.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
    }

    public boolean has(String name) {
        return seconds.containsKey(name);
    }

    public double median(String name) {
        List<Double> sorted = seconds.get(name).stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The measurement that a busy machine disturbed least. */
    double least(String name) {
        return seconds.get(name).stream().mapToDouble(value -> value).min().orElseThrow();
    }

    static String format(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.4f" : "%.1f", value);
    }
}

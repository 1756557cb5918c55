package dev.weir.bench.batching;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The measurements of each round, by name. */
final class Findings {

    private final Map<String, Map<String, List<Double>>> numbers = new HashMap<>();
    private final Set<String> names = new LinkedHashSet<>();

    void add(String what, Map<String, Double> round) {
        round.forEach((name, number) -> {
            names.add(name);
            numbers.computeIfAbsent(what, w -> new LinkedHashMap<>())
                    .computeIfAbsent(name, n -> new ArrayList<>())
                    .add(number);
        });
    }

    /** Of the numbers, in the order in which they first came. */
    Set<String> names() {
        return names;
    }

    Map<String, Double> medians(String what) {
        Map<String, Double> medians = new LinkedHashMap<>();
        numbers.get(what).forEach((name, found) -> medians.put(name, median(found)));
        return medians;
    }

    private static double median(List<Double> found) {
        double[] sorted = found.stream().mapToDouble(number -> number).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

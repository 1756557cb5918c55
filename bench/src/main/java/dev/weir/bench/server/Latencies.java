package dev.weir.bench.server;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The answers of one server, and the seconds until the last of them. Immutable. */
record Latencies(List<Answer> answers, double seconds) {

    private static final double MEDIAN = 0.5;
    private static final double TAIL = 0.95;

    Latencies {
        answers = List.copyOf(answers);
    }

    double imagesPerSecond() {
        return answers.size() / seconds;
    }

    /** By their names in JSON. */
    Map<String, Double> numbers() {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("images_per_s", imagesPerSecond());
        numbers.put("p50_s", rank(MEDIAN, Answer::picture));
        numbers.put("p95_s", rank(TAIL, Answer::picture));
        numbers.put("p50_first_frame_s", rank(MEDIAN, Answer::frame));
        numbers.put("p95_first_frame_s", rank(TAIL, Answer::frame));
        return numbers;
    }

    /** By the nearest rank. */
    private double rank(double share, ToDoubleFunction<Answer> value) {
        double[] sorted = answers.stream().mapToDouble(value).sorted().toArray();
        return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
    }
}

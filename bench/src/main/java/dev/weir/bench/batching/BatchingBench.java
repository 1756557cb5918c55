package dev.weir.bench.batching;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The denoiser's loop under Poisson arrivals, at fractions of the capacity that it shows when all requests are present
 * at once. It compares one request at a time, batches that are fixed at their start, and the product's batches, which
 * are selected anew before each step.
 *
 * <p>The number of rounds depends on the given time. Medians are printed.
 */
public final class BatchingBench implements ChartedBenchmark {

    private static final List<Double> LOADS = List.of(0.5, 0.8, 0.95);
    private static final List<String> PROMPTS = List.of("", "a red apple", "a blue house under a tree at night");
    private static final int MOST_ROWS = 32;
    private static final int MOST_REQUESTS = 48;
    /** There are eight kinds of requests, and every eight requests have one of each. */
    private static final int KINDS = 8;

    private static final int SATURATING = 32;
    private static final Duration SHORTEST_ROUND = Duration.ofSeconds(100);
    private static final long SEED = 7;

    @Override
    public String name() {
        return "batching";
    }

    @Override
    public String about() {
        return "the denoiser's loop under load: serial, batches by request, continuous; --minutes in all, or little"
                + " more";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.lines("p95 from a request to its first step", "load, relative to capacity", "s")
                .logarithmic();
        for (var load : numbers.path("load").properties()) {
            for (var mode : load.getValue().properties()) {
                chart.add(
                        mode.getKey(),
                        load.getKey(),
                        mode.getValue().path("p95_first_step_s").asDouble());
            }
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        List<Tensors> states;
        try (TextEncoder encoder = folder.textEncoder(target)) {
            states = encoder.states(PROMPTS);
        }
        Map<Mode, Stage> stages = new EnumMap<>(Mode.class);
        try {
            for (Mode mode : Mode.values()) {
                var limits = new SteppingStage.Limits(MOST_REQUESTS + SATURATING, MOST_ROWS);
                stages.put(mode, DenoiserStage.create(List.of(folder), target, limits, mode));
                stages.get(mode).open();
            }
            return measure(folder, target, states, settings, stages);
        } finally {
            stages.values().forEach(Stage::close);
        }
    }

    private static Result measure(
            ModelFolder folder,
            ComputeTarget target,
            List<Tensors> states,
            Settings settings,
            Map<Mode, Stage> stages) {
        long end = System.nanoTime() + Duration.ofMinutes(settings.minutes()).toNanos();
        var loads = new Findings();
        var saturation = new Findings();
        Trace burst = Trace.of(folder, states, SATURATING, Double.POSITIVE_INFINITY, SEED);
        Run.of(stages.get(Mode.CONTINUOUS), burst, false);
        long round = 0;
        for (int i = 0; i < settings.rounds() && (i == 0 || System.nanoTime() + round < end); i++) {
            long begin = System.nanoTime();
            Run saturated = Run.of(stages.get(Mode.CONTINUOUS), burst, false);
            Bare bare = Bare.measure(folder, target, states, saturated.mostRows());
            saturation.add("", saturation(saturated, bare));
            double capacity = saturated.fullRowsPerSecond() / Trace.MEAN_ROWS;
            int requests = requests(capacity, bare.alone() / Trace.MEAN_ROWS, Math.max(1, end - begin));
            for (double load : LOADS) {
                Trace trace = Trace.of(folder, states, requests, load * capacity, SEED + 1 + i);
                for (Mode mode : Mode.values()) {
                    Run run = Run.of(stages.get(mode), trace, mode.waitsForTheSlowest());
                    loads.add(load + " " + mode, run.numbers());
                }
            }
            round = System.nanoTime() - begin;
        }
        return result(loads, saturation.medians(""));
    }

    /**
     * As many requests as the three modes process at the three loads in the given time, or in the shortest round if
     * that is less.
     */
    private static int requests(double capacity, double serial, long nanosLeft) {
        double each = 0;
        for (double load : LOADS) {
            each += 1 / Math.min(serial, load * capacity) + 2 / (load * capacity);
        }
        double seconds = Math.min(SHORTEST_ROUND.toSeconds(), nanosLeft / 1e9);
        int fitting = (int) (seconds / each) / KINDS * KINDS;
        return Math.min(MOST_REQUESTS, Math.max(KINDS, fitting));
    }

    /** Compares the loop with all requests present at once with the network alone. */
    private static Map<String, Double> saturation(Run saturated, Bare bare) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("batch_gain", bare.gain());
        numbers.put("rows_per_s", saturated.fullRowsPerSecond());
        numbers.put("share_of_forwards", saturated.shareOfForwards());
        numbers.put("batch_cap_rows", (double) saturated.mostRows());
        numbers.put("bare_rows_per_s_alone", bare.alone());
        numbers.put("bare_rows_per_s_at_cap", bare.atCap());
        numbers.put("of_batch_gain", saturated.fullRowsPerSecond() / bare.atCap());
        return numbers;
    }

    private static Result result(Findings loads, Map<String, Double> saturation) {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> byLoad = new LinkedHashMap<>();
        for (double load : LOADS) {
            Map<String, Object> byMode = new LinkedHashMap<>();
            for (Mode mode : Mode.values()) {
                Map<String, Double> numbers = loads.medians(load + " " + mode);
                byMode.put(mode.toString(), numbers);
                List<String> row = new ArrayList<>(List.of(Double.toString(load), mode.toString()));
                numbers.values().forEach(number -> row.add(String.format(Locale.ROOT, "%.3f", number)));
                rows.add(row);
            }
            byLoad.put(Double.toString(load), byMode);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("load", byLoad);
        json.put("batch_gain", saturation.get("batch_gain"));
        json.put("saturation", saturation);
        List<String> columns = new ArrayList<>(List.of("load", "mode"));
        loads.names().forEach(name -> columns.add(name.replace('_', ' ')));
        return new Result(columns, rows, json);
    }
}

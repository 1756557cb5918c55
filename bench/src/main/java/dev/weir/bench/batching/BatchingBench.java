package dev.weir.bench.batching;

import dev.weir.cli.Benchmark;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.TextEncoder;
import dev.weir.engine.TextStates;
import dev.weir.engine.torch.Devices;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The denoiser's loop under Poisson arrivals, at shares of the capacity that it shows when all requests are there at once:
 * one request at a time, batches formed at start, and the product's, formed anew before each step.
 */
public final class BatchingBench implements Benchmark {

    private static final List<Double> LOADS = List.of(0.5, 0.8, 0.95);
    private static final List<String> PROMPTS = List.of("", "a red apple", "a blue house under a tree at night");
    private static final int MOST_ROWS = 16;
    private static final int REQUESTS_PER_ROUND = 2;
    private static final int SATURATING = 16;
    private static final long SEED = 7;

    @Override
    public String name() {
        return "batching";
    }

    @Override
    public String about() {
        return "the denoiser's loop under load, two requests a round: serial, batches by request, continuous";
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = Devices.best(Optional.empty(), Optional.empty());
        List<TextStates> states;
        try (TextEncoder encoder = folder.textEncoder(target)) {
            states = encoder.encode(PROMPTS);
        }
        int requests = Math.max(8, REQUESTS_PER_ROUND * settings.rounds());
        Map<Mode, Stage> stages = new EnumMap<>(Mode.class);
        try {
            for (Mode mode : Mode.values()) {
                var limits = new SteppingStage.Limits(requests + SATURATING, MOST_ROWS);
                stages.put(mode, DenoiserStage.create(List.of(folder), target, limits, mode));
                stages.get(mode).open();
            }
            return measure(folder, target, states, requests, stages);
        } finally {
            stages.values().forEach(Stage::close);
        }
    }

    private static Result measure(
            ModelFolder folder, ComputeTarget target, List<TextStates> states, int requests, Map<Mode, Stage> stages) {
        Trace burst = Trace.of(folder.card(), states, SATURATING, Double.POSITIVE_INFINITY, SEED);
        Run.of(stages.get(Mode.CONTINUOUS), burst, false);
        Run saturated = Run.of(stages.get(Mode.CONTINUOUS), burst, false);
        Bare bare = Bare.measure(folder, target, states, saturated.mostRows());
        double capacity = saturated.fullRowsPerSecond() / Trace.MEAN_ROWS;
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> byLoad = new LinkedHashMap<>();
        for (double load : LOADS) {
            Trace trace = Trace.of(folder.card(), states, requests, load * capacity, SEED + 1);
            Map<String, Object> byMode = new LinkedHashMap<>();
            for (Mode mode : Mode.values()) {
                Run run = Run.of(stages.get(mode), trace, mode.waitsForTheSlowest());
                byMode.put(mode.toString(), run.json());
                rows.add(row(load, mode, run));
            }
            byLoad.put(Double.toString(load), byMode);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("load", byLoad);
        json.put("batch_gain", bare.gain());
        json.put("capacity", capacity);
        json.put("saturation", saturation(saturated, bare));
        json.put("requests", requests);
        json.put("target", target.toString());
        return new Result(
                List.of(
                        "load",
                        "mode",
                        "requests/s",
                        "mean s",
                        "p95 s",
                        "p95 first step s",
                        "p95 first preview s",
                        "mean rows",
                        "mean step s"),
                rows,
                json);
    }

    /** The loop with all requests there at once, against the network alone. */
    private static Map<String, Object> saturation(Run saturated, Bare bare) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rows_per_s", saturated.fullRowsPerSecond());
        json.put("batch_cap_rows", saturated.mostRows());
        json.put("bare_rows_per_s_alone", bare.alone());
        json.put("bare_rows_per_s_at_cap", bare.atCap());
        json.put("of_batch_gain", saturated.fullRowsPerSecond() / bare.atCap());
        return json;
    }

    private static List<String> row(double load, Mode mode, Run run) {
        List<String> row = new ArrayList<>(List.of(Double.toString(load), mode.toString()));
        for (double value : new double[] {
            run.throughput(),
            run.meanLatency(),
            run.p95Latency(),
            run.p95FirstStep(),
            run.p95FirstPreview(),
            run.meanBatch(),
            run.meanStep()
        }) {
            row.add(String.format(Locale.ROOT, "%.3f", value));
        }
        return row;
    }
}

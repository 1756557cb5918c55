package dev.weir.bench.batching;

import dev.weir.cli.Benchmark;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.Tensors;
import dev.weir.engine.TextEncoder;
import dev.weir.runtime.stage.Stage;
import dev.weir.serving.SteppingStage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The cost of latent-matrix frames after every step, when the denoiser's loop is saturated. */
public final class PreviewCostBench implements Benchmark {

    private static final int REQUESTS = 32;
    private static final int MOST_ROWS = 32;
    private static final long SEED = 7;

    @Override
    public String name() {
        return "preview-cost";
    }

    @Override
    public String about() {
        return "network rows a second of a full denoiser with a frame after every step, over those without";
    }

    @Override
    public Result run(Settings settings) {
        ModelFolder folder = ModelFolder.open(settings.model());
        ComputeTarget target = EngineChoice.AUTO.target(List.of(folder));
        List<Tensors> states;
        try (TextEncoder encoder = folder.textEncoder(target)) {
            states = encoder.states(List.of("", "a red apple"));
        }
        Stage stage = DenoiserStage.create(List.of(folder), target, new SteppingStage.Limits(REQUESTS, MOST_ROWS));
        stage.open();
        try {
            Trace burst = Trace.of(folder, states, REQUESTS, Double.POSITIVE_INFINITY, SEED);
            Run.of(stage, burst.withPreviews(1), false);
            var findings = new Findings();
            for (int round = 0; round < settings.rounds(); round++) {
                // Each goes first in every other round, because the machine's speed drifts.
                boolean framesFirst = round % 2 == 0;
                Run first = Run.of(stage, burst.withPreviews(framesFirst ? 1 : 0), false);
                Run second = Run.of(stage, burst.withPreviews(framesFirst ? 0 : 1), false);
                findings.add("", numbers(framesFirst ? first : second, framesFirst ? second : first));
            }
            Map<String, Double> medians = findings.medians("");
            List<String> row = medians.values().stream()
                    .map(number -> String.format(Locale.ROOT, "%.4f", number))
                    .toList();
            List<String> columns = medians.keySet().stream()
                    .map(name -> name.replace('_', ' '))
                    .toList();
            return new Result(columns, List.of(row), Map.copyOf(medians));
        } finally {
            stage.close();
        }
    }

    private static Map<String, Double> numbers(Run with, Run without) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("rows_per_s_with_frames", with.fullRowsPerSecond());
        numbers.put("rows_per_s_without", without.fullRowsPerSecond());
        numbers.put("ratio", with.fullRowsPerSecond() / without.fullRowsPerSecond());
        numbers.put("frames_per_request", with.framesPerRequest());
        return numbers;
    }
}

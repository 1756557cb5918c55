package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Rows with a short prompt beside one with a prompt of many chunks: in one forward pass, which pads the short ones, and in one pass for
 * each length. They take turns.
 */
public final class LengthBench implements ChartedBenchmark {

    private static final int CHUNK = 77;
    private static final long SEED = 1;
    private static final int WARM_UP = 1;

    /** @param chunks of the long prompts */
    private record Case(String name, LatentShape sample, int shortRows, int longRows, List<Integer> chunks) {}

    @Override
    public String name() {
        return "lengths";
    }

    @Override
    public String about() {
        return "rows with short prompts beside long ones, in one forward pass and apart (--only sd15)";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.lines(
                "Rows with short and long prompts", "chunks of the long prompts", "time apart / time together");
        for (var measured : numbers.properties()) {
            String[] key = measured.getKey().split("/");
            JsonNode seconds = measured.getValue();
            double apart =
                    seconds.path("short_s").asDouble() + seconds.path("long_s").asDouble();
            chart.add(key[0], key[1], apart / seconds.path("together_s").asDouble());
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws IOException {
        List<List<String>> table = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        ComputeTarget target = new ComputeTarget("cpu", Precision.FP32, Engine.ONNX);
        if ("model".contains(settings.only())) {
            ModelFolder model = ModelFolder.open(settings.model());
            int side = model.card().nativeSize() / model.card().scale();
            try (Denoiser network = model.denoiser(target)) {
                LatentShape sample = new LatentShape(network.outChannels(), side, side);
                var chunks = List.of(2, 4, 8, 16, 64);
                measure(new Case(model.card().id(), sample, 6, 2, chunks), network, settings.rounds(), table, json);
            }
        }
        if ("sd15".contains(settings.only())) {
            try (TemporaryFolder folder = TemporaryFolder.create("weir-lengths")) {
                JsonNode config = Sd15.config();
                RandomCheckpoint.write(folder.path(), config, SEED);
                var weights = ComponentWeights.open(folder.path());
                try (Denoiser network = Networks.denoiser(config, weights, "unet", target)) {
                    var work = new Case("sd15", Sd15.SAMPLE, 3, 1, List.of(2, 4, 8));
                    measure(work, network, settings.rounds(), table, json);
                }
            }
        }
        return new Result(
                List.of("network", "chunks", "together s", "short s", "long s", "apart / together"), table, json);
    }

    private static void measure(
            Case work, Denoiser network, int rounds, List<List<String>> table, Map<String, Object> json) {
        LatentShape sample = work.sample();
        Medians medians = new Medians();
        List<Row> brief = rows(network, sample, 1, work.shortRows());
        for (int round = -WARM_UP; round < rounds; round++) {
            Medians own = round < 0 ? new Medians() : medians;
            own.time("short", () -> network.predict(sample, brief));
            for (int chunks : work.chunks()) {
                List<Row> extended = rows(network, sample, chunks, work.longRows());
                List<Row> both =
                        Stream.concat(brief.stream(), extended.stream()).toList();
                own.time("together/" + chunks, () -> network.predict(sample, both));
                own.time("long/" + chunks, () -> network.predict(sample, extended));
            }
        }
        double alone = medians.median("short");
        for (int chunks : work.chunks()) {
            double together = medians.median("together/" + chunks);
            double extended = medians.median("long/" + chunks);
            table.add(List.of(
                    work.name(),
                    String.valueOf(chunks),
                    Medians.format(together),
                    Medians.format(alone),
                    Medians.format(extended),
                    Medians.format((alone + extended) / together)));
            json.put(work.name() + "/" + chunks, Map.of("together_s", together, "short_s", alone, "long_s", extended));
        }
    }

    private static List<Row> rows(Denoiser network, LatentShape sample, int chunks, int rows) {
        return Collections.nCopies(rows, NoiseRow.of(network, sample, chunks * CHUNK, SEED));
    }
}

package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.adapter.AdaptedParts;
import dev.weir.engine.adapter.WeightedLora;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Rows with a different LoRA each in one forward pass, beside the same rows without LoRAs, and beside one forward for each LoRA. The
 * LoRAs have rank 16 and change the layers that kohya's trainer changes by default. They take turns within each round.
 */
public final class LoraBench implements ChartedBenchmark {

    private static final int ROWS = 8;
    private static final int RANK = 16;
    private static final long SEED = 1;
    private static final int WARM_UP = 1;

    private static final int DEFAULT_TOKENS = 8;

    @Override
    public String name() {
        return "lora";
    }

    @Override
    public String about() {
        return "rows with %d different LoRAs in one forward, beside none and beside one after the other (--only sd15)"
                .formatted(ROWS);
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.bars("Rows with different LoRAs in one forward pass", "network", "ratio");
        for (var network : numbers.properties()) {
            JsonNode measured = network.getValue();
            chart.add(
                    "time with LoRAs / without",
                    network.getKey(),
                    measured.path("mixed_to_without").asDouble());
            chart.add(
                    "time one by one / together",
                    network.getKey(),
                    measured.path("gain").asDouble());
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        try (TemporaryFolder temporary = TemporaryFolder.create("weir-lora")) {
            Path folder = temporary.path();
            if ("model".contains(settings.only())) {
                ModelFolder model = ModelFolder.open(settings.model());
                ComputeTarget target = EngineChoice.AUTO.known(List.of(model));
                int side = model.card().nativeSize() / model.card().scale();
                try (Denoiser network = model.denoiser(target)) {
                    LatentShape sample = new LatentShape(network.outChannels(), side, side);
                    Case work = new Case(model.card().id(), network, sample, DEFAULT_TOKENS, model.adaptedParts());
                    measure(work, folder, settings.rounds(), rows, json);
                }
            }
            if ("sd15".contains(settings.only())) {
                JsonNode config = Sd15.config();
                Path weights = folder.resolve("unet");
                RandomCheckpoint.write(weights, config, SEED);
                AdaptedParts parts = new AdaptedParts("unet", List.of(), Map.of("unet", Networks.layers(config)));
                ComputeTarget target = EngineChoice.AUTO.known(List.of(ModelFolder.open(settings.model())));
                try (Denoiser network = Networks.denoiser(config, ComponentWeights.open(weights), "unet", target)) {
                    measure(
                            new Case("sd15", network, Sd15.SAMPLE, Sd15.TOKENS, parts),
                            folder,
                            settings.rounds(),
                            rows,
                            json);
                }
            }
        }
        return new Result(
                List.of("network", "without s", "mixed s", "mixed/without", "one by one s", "gain"), rows, json);
    }

    private record Case(String name, Denoiser network, LatentShape sample, int tokens, AdaptedParts parts) {}

    private static void measure(Case work, Path folder, int rounds, List<List<String>> rows, Map<String, Object> json)
            throws IOException {
        Denoiser network = work.network();
        Row plain = NoiseRow.of(network, work.sample(), work.tokens(), SEED);
        List<Row> without = IntStream.range(0, ROWS).mapToObj(i -> plain).toList();
        List<Row> mixed = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            var lora = RandomLora.write(folder, work.name() + "-" + i, work.parts(), RANK, SEED + i);
            mixed.add(new Row(plain.sample(), plain.timestep(), plain.inputs(), List.of(new WeightedLora(lora, 1))));
        }
        Medians medians = new Medians();
        for (int round = -WARM_UP; round < rounds; round++) {
            Medians own = round < 0 ? new Medians() : medians;
            own.time("without", () -> network.predict(work.sample(), without));
            own.time("mixed", () -> network.predict(work.sample(), mixed));
            own.time("serial", () -> mixed.forEach(row -> network.predict(work.sample(), List.of(row))));
        }
        double none = medians.median("without");
        double together = medians.median("mixed");
        double serial = medians.median("serial");
        rows.add(Stream.of(none, together, together / none, serial, serial / together)
                .map(Medians::format)
                .collect(() -> new ArrayList<>(List.of(work.name())), ArrayList::add, ArrayList::addAll));
        json.put(
                work.name(),
                Map.of(
                        "rows", ROWS,
                        "rank", RANK,
                        "without_s", none,
                        "mixed_s", together,
                        "mixed_to_without", together / none,
                        "one_by_one_s", serial,
                        "gain", serial / together));
    }
}

package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.cli.Benchmark;
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
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Rows with a short prompt beside one with a prompt of many chunks: in one forward pass, which pads the short ones, and in one pass for
 * each length. They take turns.
 */
public final class LengthBench implements Benchmark {

    private static final int SHORT_ROWS = 6;
    private static final int LONG_ROWS = 2;
    private static final int CHUNK = 77;
    private static final List<Integer> CHUNKS = List.of(2, 4, 8, 16, 64);
    private static final long SEED = 1;
    private static final int WARM_UP = 1;

    /** A quarter of the latents of a picture of 512x512, because rounds would take minutes otherwise. */
    private static final LatentShape SD15 = new LatentShape(4, 32, 32);

    @Override
    public String name() {
        return "lengths";
    }

    @Override
    public String about() {
        return "rows with short prompts beside long ones, in one forward pass and apart (--only sd15)";
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
                measure(model.card().id(), network, sample, settings.rounds(), table, json);
            }
        }
        if ("sd15".contains(settings.only())) {
            Path folder = Files.createTempDirectory("weir-lengths");
            try {
                JsonNode config = config();
                RandomCheckpoint.write(folder, config, SEED);
                try (Denoiser network = Networks.denoiser(config, ComponentWeights.open(folder), "unet", target)) {
                    measure("sd15", network, SD15, settings.rounds(), table, json);
                }
            } finally {
                delete(folder);
            }
        }
        return new Result(
                List.of("network", "chunks", "together s", "short s", "long s", "apart / together"), table, json);
    }

    private static JsonNode config() throws IOException {
        try (InputStream resource = LengthBench.class.getResourceAsStream("/sd15/unet.json")) {
            return new ObjectMapper().readTree(resource);
        }
    }

    private static void measure(
            String name,
            Denoiser network,
            LatentShape sample,
            int rounds,
            List<List<String>> table,
            Map<String, Object> json) {
        Medians medians = new Medians();
        List<Row> brief = rows(network, sample, 1, SHORT_ROWS);
        for (int round = -WARM_UP; round < rounds; round++) {
            Medians own = round < 0 ? new Medians() : medians;
            own.time("short", () -> network.predict(sample, brief));
            for (int chunks : CHUNKS) {
                List<Row> extended = rows(network, sample, chunks, LONG_ROWS);
                List<Row> both =
                        Stream.concat(brief.stream(), extended.stream()).toList();
                own.time("together/" + chunks, () -> network.predict(sample, both));
                own.time("long/" + chunks, () -> network.predict(sample, extended));
            }
        }
        double alone = medians.median("short");
        for (int chunks : CHUNKS) {
            double together = medians.median("together/" + chunks);
            double extended = medians.median("long/" + chunks);
            table.add(List.of(
                    name,
                    String.valueOf(chunks),
                    Medians.format(together),
                    Medians.format(alone),
                    Medians.format(extended),
                    Medians.format((alone + extended) / together)));
            json.put(name + "/" + chunks, Map.of("together_s", together, "short_s", alone, "long_s", extended));
        }
    }

    private static List<Row> rows(Denoiser network, LatentShape sample, int chunks, int rows) {
        return Collections.nCopies(rows, NoiseRow.of(network, sample, chunks * CHUNK, SEED));
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}

package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.cli.Benchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * UNets at their full size with random fp16 weights, Stable Diffusion 1.5's of 860 million and SDXL's of 2,570 million: load time,
 * seconds for a forward pass and peak memory, on each engine. One network after the other, because two may not fit.
 */
public final class FullSizeBench implements Benchmark {

    private static final int TOKENS = 77;
    private static final long SEED = 7;

    /**
     * @param gflop multiplications and additions of one row's forward pass, counted over convolutions, linears and attention
     */
    private record Size(String name, double gflop, LatentShape sample) {

        JsonNode config() throws IOException {
            try (InputStream resource = FullSizeBench.class.getResourceAsStream("/" + name + "/unet.json")) {
                return new ObjectMapper().readTree(resource);
            }
        }
    }

    private static final List<Size> SIZES = List.of(
            new Size("sd15", 803, new LatentShape(4, 64, 64)), new Size("sdxl", 6761, new LatentShape(4, 128, 128)));

    private static final List<ComputeTarget> TARGETS = List.of(
            new ComputeTarget("cpu", Precision.BF16, Engine.TORCH),
            new ComputeTarget("cpu", Precision.FP32, Engine.TORCH),
            new ComputeTarget("cpu", Precision.FP32, Engine.ONNX));

    @Override
    public String name() {
        return "full-size";
    }

    @Override
    public String about() {
        return "UNets of Stable Diffusion 1.5's and SDXL's sizes with random weights: load, forward, memory (--only \"sdxl onnx\")";
    }

    @Override
    public Result run(Settings settings) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        for (Size size : SIZES) {
            List<ComputeTarget> targets = TARGETS.stream()
                    .filter(target -> label(size, target).contains(settings.only()))
                    .toList();
            if (!targets.isEmpty()) {
                measure(size, targets, settings.rounds(), rows, json);
            }
        }
        return new Result(
                List.of("network", "load s", "batch 1 s", "GFLOP/s", "batch 2 s", "GFLOP/s", "peak MiB", "own MiB"),
                rows,
                json);
    }

    private static String label(Size size, ComputeTarget target) {
        return "%s %s %s"
                .formatted(size.name(), target.engine(), target.precision())
                .toLowerCase(Locale.ROOT);
    }

    private static void measure(
            Size size, List<ComputeTarget> targets, int rounds, List<List<String>> rows, Map<String, Object> json)
            throws IOException {
        try (TemporaryFolder folder = TemporaryFolder.create("weir-full-size")) {
            json.put(size.name() + " parameters", RandomCheckpoint.write(folder.path(), size.config(), SEED));
            for (ComputeTarget target : targets) {
                measure(size, folder.path(), target, rounds, rows, json);
            }
        }
    }

    private static void measure(
            Size size, Path folder, ComputeTarget target, int rounds, List<List<String>> rows, Map<String, Object> json)
            throws IOException {
        Medians medians = new Medians();
        ProcessMemory.forgetPeak();
        long begin = System.nanoTime();
        Denoiser network = Networks.denoiser(size.config(), ComponentWeights.open(folder), target);
        double load = (System.nanoTime() - begin) / 1e9;
        long own;
        try {
            Denoiser.Row row = NoiseRow.of(network, size.sample(), TOKENS, SEED);
            network.predict(size.sample(), List.of(row));
            own = ProcessMemory.ownMebibytes();
            for (int round = 0; round < rounds; round++) {
                medians.time("1", () -> network.predict(size.sample(), List.of(row)));
                medians.time("2", () -> network.predict(size.sample(), Collections.nCopies(2, row)));
            }
        } finally {
            network.close();
        }
        double one = medians.median("1");
        double two = medians.median("2");
        long peak = ProcessMemory.peakMebibytes();
        String label = label(size, target);
        rows.add(List.of(
                label,
                Medians.format(load),
                Medians.format(one),
                Medians.format(size.gflop() / one),
                Medians.format(two),
                Medians.format(2 * size.gflop() / two),
                "" + peak,
                "" + own));
        json.put(label, Map.of("load_s", load, "batch1_s", one, "batch2_s", two, "peak_mib", peak, "own_mib", own));
    }
}

package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.cli.Benchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.network.Networks;
import dev.weir.engine.weights.ComponentWeights;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The UNet of Stable Diffusion 1.5 at its full size, 860 million parameters, with random weights: load time, seconds
 * per forward pass and peak memory. One precision after the other, because both at once may not fit.
 */
public final class FullSizeBench implements Benchmark {

    /**
     * Multiplications and additions of one row's forward pass at 64x64 latents, counted over convolutions, linears and
     * attention.
     */
    private static final double GFLOP = 803;

    private static final LatentShape SHAPE = new LatentShape(4, 64, 64);
    private static final int TOKENS = 77;
    private static final long SEED = 7;

    @Override
    public String name() {
        return "full-size";
    }

    @Override
    public String about() {
        return "a UNet of Stable Diffusion 1.5's size with random weights: load, forward, memory";
    }

    @Override
    public Result run(Settings settings) throws IOException {
        Path folder = Files.createTempDirectory("weir-full-size");
        try (InputStream resource = FullSizeBench.class.getResourceAsStream("/sd15/unet.json")) {
            JsonNode config = new ObjectMapper().readTree(resource);
            long parameters = RandomCheckpoint.write(folder, config, SEED);
            List<List<String>> rows = new ArrayList<>();
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("parameters", parameters);
            for (Precision precision : List.of(Precision.BF16, Precision.FP32)) {
                measure(config, folder, precision, settings.rounds(), rows, json);
            }
            return new Result(
                    List.of("precision", "load s", "batch 1 s", "GFLOP/s", "batch 2 s", "GFLOP/s", "peak MiB"),
                    rows,
                    json);
        } finally {
            delete(folder);
        }
    }

    private static void measure(
            JsonNode config,
            Path folder,
            Precision precision,
            int rounds,
            List<List<String>> rows,
            Map<String, Object> json) {
        Medians medians = new Medians();
        long begin = System.nanoTime();
        Denoiser network =
                Networks.denoiser(config, ComponentWeights.open(folder), new ComputeTarget("cpu", precision));
        double load = (System.nanoTime() - begin) / 1e9;
        try {
            Denoiser.Row row = NoiseRow.of(network, SHAPE, TOKENS, SEED);
            network.predict(SHAPE, List.of(row));
            for (int round = 0; round < rounds; round++) {
                medians.time("1", () -> network.predict(SHAPE, List.of(row)));
                medians.time("2", () -> network.predict(SHAPE, Collections.nCopies(2, row)));
            }
        } finally {
            network.close();
        }
        double one = medians.median("1");
        double two = medians.median("2");
        long peak = peakMebibytes();
        rows.add(List.of(
                precision.name(),
                Medians.format(load),
                Medians.format(one),
                Medians.format(GFLOP / one),
                Medians.format(two),
                Medians.format(2 * GFLOP / two),
                "" + peak));
        json.put(precision.name(), Map.of("load_s", load, "batch1_s", one, "batch2_s", two, "peak_mib", peak));
    }

    /** Of the whole process so far, including mapped weights, if the system reports it. */
    private static long peakMebibytes() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElse(-1);
        } catch (IOException e) {
            return -1;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}

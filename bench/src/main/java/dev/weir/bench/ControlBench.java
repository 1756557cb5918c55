package dev.weir.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.bench.chart.Chart;
import dev.weir.cli.ChartedBenchmark;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.Denoiser.Row;
import dev.weir.engine.HostTensor;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNet;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.control.Steering;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.network.LatentSpace;
import dev.weir.engine.network.Networks;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.weights.ComponentWeights;
import dev.weir.engine.weights.Weights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Rows with a random ControlNet, T2I-Adapter or IP-Adapter, and as many others: in one forward pass, and in one for each kind. They take
 * turns.
 */
public final class ControlBench implements ChartedBenchmark {

    private static final String NET = "ControlNet";
    private static final String ADAPTER = "T2I-Adapter";
    private static final List<Images> IMAGES = List.of(new Images("IP-Adapter", 4), new Images("IP-Adapter Plus", 16));

    private static final int[] WIDTHS = {16, 32, 96, 256};
    private static final long SEED = 1;
    private static final int WARM_UP = 1;

    /** @param tokens that an IP-Adapter makes of a picture */
    private record Images(String kind, int tokens) {}

    /** @param rows of each kind */
    private record Case(
            String name,
            JsonNode config,
            Path weights,
            LatentShape sample,
            int scale,
            int tokens,
            List<Integer> rows) {}

    private record Fit(JsonNode unet, LatentSpace latents) implements ControlNetFolders.Fit {

        @Override
        public int scale() {
            return latents.scale();
        }

        @Override
        public void require(JsonNode config, Weights weights) {
            Networks.requireControl(unet, latents, config, weights);
        }
    }

    @Override
    public String name() {
        return "control";
    }

    @Override
    public String about() {
        return "rows with and without a ControlNet, T2I-Adapter or IP-Adapter, in one forward and apart (--only sd15)";
    }

    @Override
    public String chart(JsonNode numbers) {
        Chart chart = Chart.bars("Rows with and without adapters", "rows of each", "time apart / time together");
        for (var measured : numbers.properties()) {
            String[] key = measured.getKey().split("/");
            JsonNode seconds = measured.getValue();
            double apart = seconds.path("without_s").asDouble()
                    + seconds.path("with_s").asDouble();
            String rows = "%s: %s + %s".formatted(key[0], key[2], key[2]);
            chart.add(key[1], rows, apart / seconds.path("together_s").asDouble());
        }
        return chart.svg();
    }

    @Override
    public Result run(Settings settings) throws IOException {
        List<List<String>> table = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        if ("model".contains(settings.only())) {
            Path home = settings.model().resolve("unet");
            var card = ModelFolder.open(settings.model()).card();
            int side = card.nativeSize() / card.scale();
            var sample = new LatentShape(card.latentChannels(), side, side);
            JsonNode config =
                    new ObjectMapper().readTree(home.resolve("config.json").toFile());
            measure(
                    new Case(card.id(), config, home, sample, card.scale(), 8, List.of(1, 2, 4)),
                    settings.rounds(),
                    table,
                    json);
        }
        if ("sd15".contains(settings.only())) {
            try (TemporaryFolder folder = TemporaryFolder.create("weir-control-sd15")) {
                RandomCheckpoint.write(folder.path(), Sd15.config(), SEED);
                var work = new Case(
                        "sd15", Sd15.config(), folder.path(), Sd15.SAMPLE, Sd15.SCALE, Sd15.TOKENS, List.of(1));
                measure(work, settings.rounds(), table, json);
            }
        }
        return new Result(
                List.of("network", "kind", "rows", "together s", "without s", "with s", "gain", "with / without"),
                table,
                json);
    }

    private static void measure(Case work, int rounds, List<List<String>> table, Map<String, Object> json)
            throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, ComputeTarget.Engine.ONNX);
        Medians medians = new Medians();
        Map<String, Row> kinds;
        try (TemporaryFolder nets = TemporaryFolder.create("weir-control");
                Denoiser network = Networks.denoiser(
                        work.config(), ComponentWeights.open(work.weights()), "unet", target, Steering.BOTH, true)) {
            Row plain = NoiseRow.of(network, work.sample(), work.tokens(), SEED);
            kinds = kinds(work, plain, nets.path());
            for (int round = -WARM_UP; round < rounds; round++) {
                Medians own = round < 0 ? new Medians() : medians;
                for (int rows : work.rows()) {
                    List<Row> without = Collections.nCopies(rows, plain);
                    kinds.forEach((kind, row) -> measure(own, network, work.sample(), kind, without, row));
                }
            }
        }
        for (String kind : kinds.keySet()) {
            work.rows().forEach(rows -> put(medians, work.name(), kind, rows, table, json));
        }
    }

    private static void measure(
            Medians medians, Denoiser network, LatentShape sample, String kind, List<Row> without, Row row) {
        int rows = without.size();
        List<Row> with = Collections.nCopies(rows, row);
        List<Row> both = Stream.concat(without.stream(), with.stream()).toList();
        medians.time(key(kind, "together", rows), () -> network.predict(sample, both));
        medians.time(key(kind, "without", rows), () -> network.predict(sample, without));
        medians.time(key(kind, "with", rows), () -> network.predict(sample, with));
    }

    private static String key(String kind, String what, int rows) {
        return kind + "/" + what + "/" + rows;
    }

    private static void put(
            Medians medians,
            String network,
            String kind,
            int rows,
            List<List<String>> table,
            Map<String, Object> json) {
        double together = medians.median(key(kind, "together", rows));
        double without = medians.median(key(kind, "without", rows));
        double with = medians.median(key(kind, "with", rows));
        table.add(List.of(
                network,
                kind,
                rows + " + " + rows,
                Medians.format(together),
                Medians.format(without),
                Medians.format(with),
                Medians.format((without + with) / together),
                Medians.format(with / without)));
        json.put(
                network + "/" + kind + "/" + rows,
                Map.of("together_s", together, "without_s", without, "with_s", with));
    }

    /** A row of each kind. */
    private static Map<String, Row> kinds(Case work, Row plain, Path folder) throws IOException {
        RandomCheckpoint.write(folder.resolve(NET), net(work), SEED);
        RandomCheckpoint.write(folder.resolve(ADAPTER), adapter(work), SEED);
        var nets = ControlNetFolders.open(List.of(folder))
                .of(
                        work.name(),
                        new Fit(work.config(), new LatentSpace(work.sample().channels(), work.scale())))
                .byName();
        Map<String, Row> kinds = new LinkedHashMap<>();
        for (String kind : List.of(NET, ADAPTER)) {
            kinds.put(kind, steered(work, plain, nets.get(kind)));
        }
        int channels = Networks.imageLayers(work.config()).channels();
        for (Images images : IMAGES) {
            float[] attended = new TorchGenerator(SEED).normal(channels * images.tokens());
            // The first of up to four IP-Adapters: what it gives is the same in all steps.
            var inputs = plain.inputs().with("ip_adapter_0", HostTensor.of(attended, channels, images.tokens()));
            kinds.put(images.kind(), new Row(plain.sample(), plain.timestep(), inputs));
        }
        return kinds;
    }

    private static Row steered(Case work, Row plain, ControlNet net) {
        int width = work.scale() * work.sample().width();
        int height = work.scale() * work.sample().height();
        var picture = new ControlPicture(Bitmap.black(width, height, Bitmap.RGB));
        var control = new Control(net, picture, 1, 0, 1, false);
        return new Row(plain.sample(), plain.timestep(), plain.inputs(), List.of(), List.of(control));
    }

    private static JsonNode net(Case work) {
        ObjectNode config = work.config().deepCopy();
        config.put("_class_name", "ControlNetModel");
        ArrayNode widths = config.putArray("conditioning_embedding_out_channels");
        for (int i = 0; i <= Integer.numberOfTrailingZeros(work.scale()); i++) {
            widths.add(WIDTHS[Math.min(i, WIDTHS.length - 1)]);
        }
        return config;
    }

    /** Of the kind for SDXL where the UNet begins as SDXL's does: without attention, so that the first result has half the size. */
    private static JsonNode adapter(Case work) {
        boolean isXl = work.config().path("down_block_types").path(0).asText().equals("DownBlock2D");
        ArrayNode channels = work.config().withArray("block_out_channels").deepCopy();
        if (isXl) {
            channels.add(channels.get(channels.size() - 1));
        }
        ObjectNode config = new ObjectMapper().createObjectNode();
        config.put("_class_name", "T2IAdapter")
                .put("adapter_type", isXl ? "full_adapter_xl" : "full_adapter")
                .put("downscale_factor", isXl ? 2 * work.scale() : work.scale())
                .set("channels", channels);
        return config;
    }
}

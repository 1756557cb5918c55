package dev.weir.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.cli.Benchmark;
import dev.weir.engine.AddOns;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Denoiser;
import dev.weir.engine.LatentShape;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.NoiseRow;
import dev.weir.engine.control.Control;
import dev.weir.engine.control.ControlNetFolders;
import dev.weir.engine.control.ControlPicture;
import dev.weir.engine.image.Bitmap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Rows that a random ControlNet steers and as many others: in one forward pass, and in one for each kind. They take turns. */
public final class ControlBench implements Benchmark {

    private static final List<Integer> ROWS = List.of(1, 2, 4);
    private static final int[] WIDTHS = {16, 32, 96, 256};
    private static final int TOKENS = 8;
    private static final long SEED = 1;
    private static final int WARM_UP = 2;

    @Override
    public String name() {
        return "control";
    }

    @Override
    public String about() {
        return "rows with and without a ControlNet, in one forward pass and apart";
    }

    @Override
    public Result run(Settings settings) throws IOException {
        Path folder = Files.createTempDirectory("weir-control");
        try {
            return run(settings, folder);
        } finally {
            delete(folder);
        }
    }

    private static Result run(Settings settings, Path folder) throws IOException {
        writeNet(settings.model(), folder.resolve("net"));
        ModelFolder model = ModelFolder.open(
                settings.model(),
                Optional.empty(),
                List.of(),
                Optional.empty(),
                AddOns.of(ControlNetFolders.open(List.of(folder))));
        Medians medians = new Medians();
        try (Denoiser network = model.denoiser(new ComputeTarget("cpu", Precision.FP32, ComputeTarget.Engine.ONNX))) {
            int side = model.card().nativeSize() / model.card().scale();
            LatentShape shape = new LatentShape(model.card().latentChannels(), side, side);
            Denoiser.Row plain = NoiseRow.of(network, shape, TOKENS, SEED);
            Denoiser.Row steered = steered(model, plain);
            for (int round = -WARM_UP; round < settings.rounds(); round++) {
                for (int rows : ROWS) {
                    measure(round < 0 ? new Medians() : medians, network, shape, plain, steered, rows);
                }
            }
        }
        return result(medians);
    }

    private static void measure(
            Medians medians, Denoiser network, LatentShape shape, Denoiser.Row plain, Denoiser.Row steered, int rows) {
        List<Denoiser.Row> without = Collections.nCopies(rows, plain);
        List<Denoiser.Row> with = Collections.nCopies(rows, steered);
        List<Denoiser.Row> both = Stream.concat(without.stream(), with.stream()).toList();
        medians.time(key("together", rows), () -> network.predict(shape, both));
        medians.time(key("without", rows), () -> network.predict(shape, without));
        medians.time(key("with", rows), () -> network.predict(shape, with));
    }

    private static String key(String what, int rows) {
        return what + "/" + rows;
    }

    private static Denoiser.Row steered(ModelFolder model, Denoiser.Row plain) {
        int side = model.card().nativeSize();
        var control = new Control(
                model.controlNets().byName().get("net"),
                new ControlPicture(Bitmap.black(side, side, Bitmap.RGB)),
                1,
                0,
                1,
                false);
        return new Denoiser.Row(plain.sample(), plain.timestep(), plain.inputs(), List.of(), List.of(control));
    }

    /** A net with random weights that fits a model. */
    private static void writeNet(Path model, Path folder) throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode)
                json.readTree(model.resolve("unet").resolve("config.json").toFile());
        config.put("_class_name", "ControlNetModel");
        ArrayNode widths = config.putArray("conditioning_embedding_out_channels");
        int halvings =
                Integer.numberOfTrailingZeros(ModelFolder.open(model).card().scale());
        for (int i = 0; i <= halvings; i++) {
            widths.add(WIDTHS[Math.min(i, WIDTHS.length - 1)]);
        }
        RandomCheckpoint.write(folder, config, SEED);
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Collections.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static Result result(Medians medians) {
        List<List<String>> table = new ArrayList<>();
        Map<String, Object> json = new LinkedHashMap<>();
        for (int rows : ROWS) {
            double together = medians.median(key("together", rows));
            double without = medians.median(key("without", rows));
            double with = medians.median(key("with", rows));
            table.add(List.of(
                    rows + " + " + rows,
                    Medians.format(together),
                    Medians.format(without),
                    Medians.format(with),
                    Medians.format((without + with) / together),
                    Medians.format(with / without)));
            json.put("" + rows, Map.of("together_s", together, "without_s", without, "with_s", with));
        }
        return new Result(
                List.of("rows", "together s", "without s", "with s", "gain", "with / without"),
                table,
                Map.of("rows", json));
    }
}

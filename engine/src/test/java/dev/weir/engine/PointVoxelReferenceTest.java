package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.weights.SafetensorsWriter;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An original file of point-voxel diffusion, converted and held to a transcription of the published algorithm. */
class PointVoxelReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("pvd/io.safetensors");
    private static final JsonNode CONFIG = ReferenceFile.json("pvd/config.json");
    private static final int STEPS = 5;

    @TempDir
    static Path files;

    @TempDir
    Path temporary;

    @Test
    void theNetworkIsTheReferences() {
        ModelFolder model = converted("linear", STEPS);
        LatentShape shape = model.pipeline().latent();
        assertThat(shape).isEqualTo(new LatentShape(3, 1, 128));
        try (Denoiser network = model.denoiser(target(Engine.TORCH))) {
            List<Denoiser.Row> rows = List.of(
                    new Denoiser.Row(row("sample", 0, shape), 900, Tensors.NONE),
                    new Denoiser.Row(row("sample", 1, shape), 3, Tensors.NONE));
            List<float[]> outputs = network.predict(shape, rows);
            for (int row = 0; row < 2; row++) {
                requireClose(outputs.get(row), row("output", row, shape), "row " + row);
            }
        }
    }

    @Test
    void aRunIsTheReferencesAndGoesOnElsewhere() {
        ModelFolder model = converted("linear", STEPS);
        LatentShape shape = model.pipeline().latent();
        assertThat(model.card().defaults().steps()).isEqualTo(STEPS);
        try (Denoiser network = model.denoiser(target(Engine.TORCH))) {
            Row row = row(model, network, STEPS);
            requireClose(row.state().sample(), TENSORS.floats("noise"), "noise");
            Row other = row;
            for (int step = 0; step < STEPS; step++) {
                if (step == STEPS / 2) { // as another node would go on
                    other = row(model, network, STEPS).at(row.state(), row.noisePosition());
                }
                StepBatch.advance(network, shape, List.of(row));
                requireClose(row.state().sample(), row("steps", step, shape), "step " + step);
            }
            while (!other.isDone()) {
                StepBatch.advance(network, shape, List.of(other));
            }
            assertThat(other.state().sample()).containsExactly(row.state().sample());
            assertThatThrownBy(() -> row(model, network, 2)).hasMessageContaining("steps must be 5");
        }
    }

    @Test
    void eachCallOfARunIsTheReferences() {
        ModelFolder model = converted("linear", STEPS);
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(Engine.TORCH))) {
            for (int step = 0; step < STEPS; step++) {
                float[] sample = step == 0 ? TENSORS.floats("noise") : row("steps", step - 1, shape);
                var call = new Denoiser.Row(sample, STEPS - 1 - step, Tensors.NONE);
                float[] output = network.predict(shape, List.of(call)).get(0);
                requireClose(output, row("predicted", step, shape), "call " + step);
            }
        }
    }

    @Test
    void theVariancesAreThoseOfTheTraining() {
        ReferenceFile expected = ReferenceFile.open("pvd/betas.safetensors");
        for (String schedule : List.of("linear", "warm0.1")) {
            var json = PointVoxelShape.scheduler(schedule.equals("warm0.1"));
            float[] betas = new float[1000];
            for (int t = 0; t < betas.length; t++) {
                betas[t] = (float)
                        (json.has("trained_betas")
                                ? json.get("trained_betas").get(t).asDouble()
                                : json.get("beta_start").asDouble()
                                        + t
                                                * (json.get("beta_end").asDouble()
                                                        - json.get("beta_start").asDouble())
                                                / 999);
            }
            requireClose(betas, expected.floats(schedule), 1e-7, schedule);
        }
    }

    @Test
    void theConversionKnowsThePublishedPlaces() {
        Path out = temporary.resolve("published");
        conversion("warm", out).write(bytes -> {});
        ModelFolder model = ModelFolder.open(out);
        assertThat(model.pipeline().latent()).isEqualTo(new LatentShape(3, 1, 2048));
        assertThat(model.card().defaults().steps()).isEqualTo(1000);
        assertThat(model.scheduler().trainTimesteps()).isEqualTo(1000);
        assertThat(ModelReport.inspect(out).runs()).isTrue();
        JsonNode config = ComponentConfig.read(out.resolve("pvcnn")).json();
        assertThat(List.of(config.get("time_embed_dim"), config.get("head_channels")))
                .containsExactly(CONFIG.get("time_embed_dim"), CONFIG.get("head_channels"));
        for (String way : List.of("down_blocks", "up_blocks")) {
            for (int level = 0; level < 4; level++) {
                for (String width : List.of("channels", "layers", "set_channels")) {
                    assertThat(config.at("/%s/%d/%s".formatted(way, level, width)))
                            .as("%s %d %s", way, level, width)
                            .isEqualTo(CONFIG.at("/%s/%d/%s".formatted(way, level, width)));
                }
            }
        }
    }

    @Test
    void theResultIsAPictureAndAPlyFile() {
        ModelFolder model = converted("linear", STEPS);
        LatentShape shape = model.pipeline().latent();
        float[] sample = row("sample", 1, shape);
        try (ImageCodec codec = model.imageCodec(target(Engine.TORCH))) {
            RgbImage picture = codec.decode(shape, List.of(sample)).get(0).orElseThrow();
            assertThat(List.of(picture.width(), picture.height())).containsExactly(512, 512);
            assertThat(picture.pixels()).contains((byte) 255, (byte) 62);
            byte[] file = codec.points(shape, sample).orElseThrow();
            String head = new String(file, 0, file.length - 128 * 12, StandardCharsets.US_ASCII);
            assertThat(head)
                    .startsWith("ply\n")
                    .contains("element vertex 128\n")
                    .endsWith("end_header\n");
            ByteBuffer numbers = ByteBuffer.wrap(file, head.length(), 12).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(List.of(numbers.getFloat(), numbers.getFloat(), numbers.getFloat()))
                    .containsExactly(sample[0], sample[128], sample[256]);
            sample[5] = Float.NaN;
            assertThat(codec.decode(shape, List.of(sample)).get(0)).isEmpty();
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        assertThatThrownBy(() -> Conversion.of(file(), temporary.resolve("no"), false))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("--noise-schedule linear");
        assertThatThrownBy(() -> conversion("cosine", temporary.resolve("no")))
                .hasMessageContaining("linear or warm, not cosine");
        assertThatThrownBy(() -> converted("linear", STEPS).denoiser(target(Engine.ONNX)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("--engine torch");
        Path model = temporary.resolve("model");
        change(model.resolve("pvcnn/config.json"), json -> json.put("std", 0));
        assertThatThrownBy(() -> ModelFolder.open(model).denoiser(target(Engine.TORCH)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("a number above 0");
        change(model.resolve("pvcnn/config.json"), json -> json.put("std", 1));
        change(model.resolve("pvcnn/config.json"), json -> ((ObjectNode) json.at("/down_blocks/0")).put("radius", 0));
        assertThatThrownBy(() -> ModelFolder.open(model).denoiser(target(Engine.TORCH)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("option down_blocks[0].radius = 0 is not supported");
        change(model.resolve("pvcnn/config.json"), json -> ((ObjectNode) json.at("/down_blocks/0"))
                .put("radius", 1)
                .put("num_neighbors", 100_000));
        assertThatThrownBy(() -> ModelFolder.open(model))
                .hasMessageStartingWith(model.resolve("pvcnn/config.json") + ": PVCNN2: ")
                .hasMessageContaining(
                        "option down_blocks[0].num_neighbors = 100000 is not supported; this network takes 1 to num_points");
    }

    @Test
    void picturesOfPointsHaveNoOtherNativeSize() throws IOException {
        converted("linear", STEPS);
        Path model = temporary.resolve("model");
        Files.writeString(model.resolve("weir.json"), "{\"native_size\": 1024}");
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no other native_size");
    }

    @Test
    void aFileOfShapeCompletionIsNotConverted() {
        Path completion = new SafetensorsWriter()
                .tensor("model.sa_layers.0.0.voxel_layers.0.weight", WeightType.F32, new byte[4], 1)
                .write(temporary.resolve("completion.safetensors"));
        assertThatThrownBy(() -> conversion(completion, "linear", temporary.resolve("no")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("shape completion");
    }

    private static Path file() {
        return NamedNumbers.write(files, "pvd/networks.json", "pvcnn2", "");
    }

    private static Conversion conversion(String schedule, Path out) {
        return conversion(file(), schedule, out);
    }

    private static Conversion conversion(Path file, String schedule, Path out) {
        var training = new GuidedDiffusionTraining(
                "", Optional.of(schedule), OptionalInt.empty(), OptionalInt.empty(), false, OptionalInt.empty());
        var options = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                training,
                GuidedDiffusionOptions.NONE.upsamplerTraining(),
                false);
        return Conversion.of(file, out, false, options);
    }

    /** With the reference's points and voxels, of which it has fewer than the published models, and so many steps. */
    private ModelFolder converted(String schedule, int steps) {
        Path out = temporary.resolve("model");
        conversion(schedule, out).write(bytes -> {});
        change(out.resolve("scheduler/scheduler_config.json"), json -> json.put("num_train_timesteps", steps));
        replace(out.resolve("pvcnn/config.json"));
        return ModelFolder.open(out);
    }

    private static void change(Path file, Consumer<ObjectNode> change) {
        try {
            var json = new ObjectMapper();
            ObjectNode tree = (ObjectNode) json.readTree(file.toFile());
            change.accept(tree);
            json.writeValue(file.toFile(), tree);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void replace(Path config) {
        try {
            Files.writeString(config, CONFIG.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Row row(ModelFolder model, Denoiser network, int steps) {
        return WordlessRows.of(model, network, "pvd", steps, OptionalInt.empty(), 1);
    }

    private static float[] row(String name, int row, LatentShape shape) {
        return Arrays.copyOfRange(TENSORS.floats(name), row * shape.size(), (row + 1) * shape.size());
    }

    private static ComputeTarget target(Engine engine) {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }
}

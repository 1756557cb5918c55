package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.sampler.SamplerState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures of diffusers' pipelines without text, with tiny random checkpoints, and what comes on their way. */
class UnconditionalReferenceTest {

    private static final Path HOME = ReferenceFile.path("pixel");
    private static final ReferenceFile TENSORS = ReferenceFile.open("pixel/pictures/io.safetensors");

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("pixel/pictures/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelFolder model = ModelFolder.open(HOME.resolve(json.get("folder").asText()));
        LatentShape shape = model.pipeline().latent();
        float[] sample;
        try (Denoiser network = model.denoiser(target(engine))) {
            Row row = row(
                    model,
                    network,
                    json.path("sampler").asText(model.card().defaults().sampler()),
                    json.get("steps").asInt(),
                    label(json));
            requireCall(network, shape, row, name);
            float[] trajectory = TENSORS.floats(name + "/trajectory");
            for (int step = 0; step < row.steps(); step++) {
                StepBatch.advance(network, shape, List.of(row));
                // What score SDE VE keeps of its last step is not recorded, except as the picture.
                if (step < trajectory.length / shape.size()) {
                    requireClose(
                            row.state().sample(),
                            Arrays.copyOfRange(trajectory, step * shape.size(), (step + 1) * shape.size()),
                            "step " + step);
                }
            }
            sample = row.state().sample();
        }
        try (ImageCodec codec = model.imageCodec(target(engine))) {
            RgbImage picture = codec.decode(shape, List.of(sample)).get(0).orElseThrow();
            var expected =
                    ImageIO.read(HOME.resolve("pictures/" + name + ".png").toFile());
            assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
        }
    }

    private static void requireCall(Denoiser network, LatentShape shape, Row row, String name) {
        float timestep = TENSORS.floats(name + "/call/timestep")[0];
        var call = new Denoiser.Row(
                TENSORS.floats(name + "/call/sample"), timestep, row.branches().get(0));
        requireClose(network.predict(shape, List.of(call)).get(0), TENSORS.floats(name + "/call/output"), "call");
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void aRunGoesOnElsewhere(Engine engine, String name, JsonNode json) {
        ModelFolder model = ModelFolder.open(HOME.resolve(json.get("folder").asText()));
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(engine))) {
            Row undisturbed = row(
                    model,
                    network,
                    json.path("sampler").asText(model.card().defaults().sampler()),
                    json.get("steps").asInt(),
                    label(json));
            for (int step = 0; step < undisturbed.steps() / 2; step++) {
                StepBatch.advance(network, shape, List.of(undisturbed));
            }
            SamplerState state = undisturbed.state();
            Row other = row(
                            model,
                            network,
                            json.path("sampler").asText(model.card().defaults().sampler()),
                            json.get("steps").asInt(),
                            label(json))
                    .at(state, undisturbed.noisePosition());
            while (!undisturbed.isDone()) {
                StepBatch.advance(network, shape, List.of(undisturbed));
                StepBatch.advance(network, shape, List.of(other));
            }
            assertThat(other.state().sample())
                    .containsExactly(undisturbed.state().sample());
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void rowsOfDifferentClassesSamplersAndStepsShareForwards(Engine engine) {
        ModelFolder model = ModelFolder.open(HOME.resolve("classes"));
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(engine))) {
            List<float[]> alone = new ArrayList<>();
            for (Row row : mixed(model, network)) {
                while (!row.isDone()) {
                    StepBatch.advance(network, shape, List.of(row));
                }
                alone.add(row.state().sample());
            }
            List<Row> rows = mixed(model, network);
            int forwards = 0;
            for (var left = rows; !left.isEmpty(); forwards++) {
                StepBatch.advance(network, shape, left);
                left = left.stream().filter(row -> !row.isDone()).toList();
            }
            assertThat(forwards)
                    .isEqualTo(rows.stream().mapToInt(Row::steps).max().orElseThrow());
            for (int i = 0; i < rows.size(); i++) {
                requireClose(rows.get(i).state().sample(), alone.get(i), "row " + i);
            }
        }
    }

    private static List<Row> mixed(ModelFolder model, Denoiser network) {
        return List.of(
                row(model, network, "ddpm", 6, OptionalInt.of(3)),
                row(model, network, "ddpm", 6, OptionalInt.of(9)),
                row(model, network, "ddim", 4, OptionalInt.of(0)),
                row(model, network, "euler", 5, OptionalInt.of(7)));
    }

    private static Row row(ModelFolder model, Denoiser network, String sampler, int steps, OptionalInt label) {
        return WordlessRows.of(model, network, sampler, steps, label, 1);
    }

    private static OptionalInt label(JsonNode json) {
        return json.has("class_label") ? OptionalInt.of(json.get("class_label").asInt()) : OptionalInt.empty();
    }

    private static ComputeTarget target(Engine engine) {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
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
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures of diffusers' pipelines without text, with tiny random checkpoints, and what comes on their way. */
class UnconditionalReferenceTest {

    private static final Path HOME = ReferenceFile.path("pixel");
    private static final ReferenceFile TENSORS = ReferenceFile.open("pixel/pictures/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("pixel/pictures/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = open(json.get("folder").asText(), engine);
        LatentShape shape = parts.model().pipeline().latent();
        Row row = row(parts, json);
        requireCall(parts.denoiser(), shape, row, name);
        float[] trajectory = TENSORS.floats(name + "/trajectory");
        for (int step = 0; step < row.steps(); step++) {
            StepBatch.advance(parts.denoiser(), shape, List.of(row));
            // What score SDE VE keeps of its last step is not recorded, except as the picture.
            if (step < trajectory.length / shape.size()) {
                requireClose(
                        row.state().sample(),
                        Arrays.copyOfRange(trajectory, step * shape.size(), (step + 1) * shape.size()),
                        "step " + step);
            }
        }
        RgbImage picture = parts.codec()
                .decode(shape, List.of(row.state().sample()))
                .get(0)
                .orElseThrow();
        var expected = ImageIO.read(HOME.resolve("pictures/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
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
        ModelParts parts = open(json.get("folder").asText(), engine);
        LatentShape shape = parts.model().pipeline().latent();
        Row undisturbed = row(parts, json);
        for (int step = 0; step < undisturbed.steps() / 2; step++) {
            StepBatch.advance(parts.denoiser(), shape, List.of(undisturbed));
        }
        SamplerState state = undisturbed.state();
        Row other = row(parts, json).at(state, undisturbed.noisePosition());
        while (!undisturbed.isDone()) {
            StepBatch.advance(parts.denoiser(), shape, List.of(undisturbed));
            StepBatch.advance(parts.denoiser(), shape, List.of(other));
        }
        assertThat(other.state().sample()).containsExactly(undisturbed.state().sample());
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void rowsOfDifferentClassesSamplersAndStepsShareForwards(Engine engine) {
        ModelParts parts = open("classes", engine);
        LatentShape shape = parts.model().pipeline().latent();
        List<float[]> alone = new ArrayList<>();
        for (Row row : mixed(parts)) {
            while (!row.isDone()) {
                StepBatch.advance(parts.denoiser(), shape, List.of(row));
            }
            alone.add(row.state().sample());
        }
        List<Row> rows = mixed(parts);
        int forwards = 0;
        for (var left = rows; !left.isEmpty(); forwards++) {
            StepBatch.advance(parts.denoiser(), shape, left);
            left = left.stream().filter(row -> !row.isDone()).toList();
        }
        assertThat(forwards).isEqualTo(rows.stream().mapToInt(Row::steps).max().orElseThrow());
        for (int i = 0; i < rows.size(); i++) {
            requireClose(rows.get(i).state().sample(), alone.get(i), "row " + i);
        }
    }

    private static List<Row> mixed(ModelParts parts) {
        return List.of(
                row(parts, "ddpm", 6, OptionalInt.of(3)),
                row(parts, "ddpm", 6, OptionalInt.of(9)),
                row(parts, "ddim", 4, OptionalInt.of(0)),
                row(parts, "euler", 5, OptionalInt.of(7)));
    }

    private static Row row(ModelParts parts, JsonNode json) {
        String usual = parts.model().card().defaults().sampler();
        OptionalInt label =
                json.has("class_label") ? OptionalInt.of(json.get("class_label").asInt()) : OptionalInt.empty();
        return row(parts, json.path("sampler").asText(usual), json.get("steps").asInt(), label);
    }

    private static Row row(ModelParts parts, String sampler, int steps, OptionalInt label) {
        return WordlessRows.of(parts.model(), parts.denoiser(), sampler, steps, label, 1);
    }

    private static ModelParts open(String folder, Engine engine) {
        return OPENED.of(List.of(folder, engine), () -> ModelParts.of(HOME.resolve(folder), engine));
    }
}

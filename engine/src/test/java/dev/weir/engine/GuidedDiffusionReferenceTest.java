package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.Bilinear;
import dev.weir.engine.network.Networks;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Original files of guided diffusion, converted and held to the published code. */
class GuidedDiffusionReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("adm/io.safetensors");
    private static final String SCALE = "classifier_scale";
    private static final String CLASSIFIER = "classifier";

    @TempDir
    static Path files;

    @TempDir
    Path temporary;

    static Stream<Arguments> samples() {
        return ReferenceCases.onEachEngine("adm/cases.json").filter(arguments -> {
            JsonNode json = (JsonNode) arguments.get()[2];
            return !json.get("network").asText().equals("upsampler")
                    && (!json.has(SCALE) || arguments.get()[0] == Engine.TORCH);
        });
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("samples")
    void eachStepIsTheReferences(Engine engine, String name, JsonNode json) {
        ModelFolder model = converted(json, json.has(SCALE));
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(engine))) {
            Row row = row(model, network, json);
            Row other = row;
            float[] recorded = TENSORS.floats(name + "/steps");
            int next = 0;
            for (int step = 0; step < row.steps(); step++) {
                if (step == row.steps() / 2) { // as another node would go on
                    other = row(model, network, json).at(row.state(), row.noisePosition());
                }
                StepBatch.advance(network, shape, List.of(row));
                if (json.get("recorded").get(next).asInt() == step) {
                    requireClose(
                            row.state().sample(),
                            Arrays.copyOfRange(recorded, next * shape.size(), ++next * shape.size()),
                            "step " + step);
                }
            }
            while (!other.isDone()) {
                StepBatch.advance(network, shape, List.of(other));
            }
            assertThat(other.state().sample()).containsExactly(row.state().sample());
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void eachNetworkIsTheReferences(Engine engine) {
        for (String name : List.of("base", "upsampler")) {
            JsonNode json = ReferenceCases.of("adm/cases.json")
                    .filter(one -> one.get("network").asText().equals(name))
                    .findFirst()
                    .orElseThrow();
            GuidedDiffusionPart part = GuidedDiffusionPart.of(
                            WeightFile.open(GuidedDiffusionFiles.write(files, name)),
                            GuidedDiffusionFiles.training(
                                    name, json.get("schedule").asText()))
                    .orElseThrow();
            var shape = new LatentShape(3, 16, 16);
            try (Denoiser network = Networks.denoiser(part.config(), part.weights(), target(engine))) {
                List<Denoiser.Row> rows = new ArrayList<>();
                for (int row = 0; row < 2; row++) {
                    Tensors inputs = Tensors.of(Tensors.CLASS_LABELS, HostTensor.number(TENSORS.longs("labels")[row]));
                    if (name.equals("upsampler")) {
                        float[] low = part(TENSORS.floats("upsampler/low_res"), row);
                        inputs = inputs.with(
                                Tensors.CONCAT,
                                HostTensor.of(Bilinear.enlarge(new LatentShape(3, 8, 8), low, 2), 3, 16, 16));
                    }
                    rows.add(new Denoiser.Row(
                            part(TENSORS.floats(name + "/sample"), row), TENSORS.floats("timesteps")[row], inputs));
                }
                List<float[]> outputs = network.predict(shape, rows);
                for (int row = 0; row < 2; row++) {
                    requireClose(outputs.get(row), part(TENSORS.floats(name + "/output"), row), name + row);
                }
            }
        }
    }

    @Test
    void theGradientOfAClassifierIsTheReferencesWhateverSharesTheForward() {
        JsonNode json = guided();
        ModelFolder model = converted(json, true);
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(Engine.TORCH))) {
            List<Denoiser.Row> rows = new ArrayList<>();
            for (int row = 0; row < 2; row++) {
                float[] sample = part(TENSORS.floats("classifier/sample"), row);
                float label = TENSORS.longs("labels")[row];
                float timestep = TENSORS.floats("timesteps")[row];
                for (float scale : new float[] {1, 0}) {
                    rows.add(new Denoiser.Row(
                            sample,
                            timestep,
                            Tensors.of(Tensors.CLASS_LABELS, HostTensor.number(label))
                                    .with(Tensors.CLASSIFIER_SCALE, HostTensor.of(new float[] {scale}, 1))));
                }
            }
            List<float[]> outputs = network.predict(shape, rows);
            for (int row = 0; row < 2; row++) {
                float[] expected = part(TENSORS.floats("classifier/gradient"), row);
                float[] output = outputs.get(2 * row);
                float largest = 0;
                for (float value : expected) {
                    largest = Math.max(largest, Math.abs(value));
                }
                float[] gradient = Arrays.copyOfRange(output, 2 * shape.size(), 3 * shape.size());
                for (int i = 0; i < gradient.length; i++) { // on the gradient's own scale
                    gradient[i] /= largest;
                    expected[i] /= largest;
                }
                requireClose(gradient, expected, "gradient " + row);
                assertThat(outputs.get(2 * row + 1)).hasSize(2 * shape.size());
            }
        }
    }

    @Test
    void samplesWithGuidanceAndWithoutShareForwards() {
        JsonNode json = guided();
        ModelFolder model = converted(json, true);
        LatentShape shape = model.pipeline().latent();
        try (Denoiser network = model.denoiser(target(Engine.TORCH))) {
            List<Row> rows = List.of(
                    row(model, network, "ddpm", 12, 3, 4),
                    row(model, network, "ddpm", 12, 3, 0),
                    row(model, network, "ddim", 5, 6, 2),
                    row(model, network, "euler", 4, 1, 0));
            for (List<Row> left = rows; !left.isEmpty(); ) {
                StepBatch.advance(network, shape, left);
                left = left.stream().filter(row -> !row.isDone()).toList();
            }
            requireClose(rows.get(0).state().sample(), last("guided", shape), "guided");
            requireClose(rows.get(1).state().sample(), last("ddpm", shape), "not guided");
            assertThat(rows.get(3).state().sample()).doesNotContain(Float.NaN);
            assertThatThrownBy(() -> row(model, network, "euler", 4, 1, 1))
                    .hasMessageContaining("Take ddpm or ddim, or guidance_scale 0");
        }
    }

    @Test
    void whereNoGradientIsComputedTheModelIsRefusedByName() {
        ModelFolder model = converted(guided(), true);
        assertThatThrownBy(() -> model.denoiser(target(Engine.ONNX)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("classifier")
                .hasMessageContaining("ONNX Runtime computes no gradients")
                .hasMessageContaining("--engine torch");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                " | 7 | 16 | no heads of 7",
                " | 64 | 16 | no heads of 64",
                " | 0 | 16 | must be at least 1",
                "4 | 16 | 16 | give one of them",
                " | 16 | 33 | must be a multiple of",
                " | 16 | -16 | must be a multiple of",
                " | 16 | 1000000 | must be a multiple of"
            })
    void whatDoesNotFitTheShapesIsRefused(Integer heads, int headChannels, int side, String why) {
        var training = new GuidedDiffusionTraining(
                "",
                Optional.of("cosine"),
                heads == null ? OptionalInt.empty() : OptionalInt.of(heads),
                OptionalInt.of(headChannels),
                false,
                OptionalInt.of(side));
        var options = new GuidedDiffusionOptions(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                training,
                GuidedDiffusionOptions.NONE.upsamplerTraining(),
                false);
        Path file = GuidedDiffusionFiles.write(files, "base");

        assertThatThrownBy(() -> Conversion.of(file, temporary.resolve("no"), false, options))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(why);
        assertThat(temporary.resolve("no")).doesNotExist();
    }

    private static float[] last(String name, LatentShape shape) {
        float[] steps = TENSORS.floats(name + "/steps");
        return Arrays.copyOfRange(steps, steps.length - shape.size(), steps.length);
    }

    private static float[] part(float[] both, int row) {
        return Arrays.copyOfRange(both, row * both.length / 2, (row + 1) * both.length / 2);
    }

    private static JsonNode guided() {
        return ReferenceCases.of("adm/cases.json")
                .filter(json -> json.get("name").asText().equals("guided"))
                .findFirst()
                .orElseThrow();
    }

    private ModelFolder converted(JsonNode json, boolean classifier) {
        String network = json.get("network").asText();
        Path out = temporary.resolve("model");
        Conversion.of(
                        GuidedDiffusionFiles.write(files, network),
                        out,
                        false,
                        GuidedDiffusionFiles.options(
                                network,
                                json.get("schedule").asText(),
                                classifier
                                        ? Optional.of(GuidedDiffusionFiles.write(files, CLASSIFIER))
                                        : Optional.empty(),
                                json.path("ddim").asBoolean()))
                .write(bytes -> {});
        return ModelFolder.open(out);
    }

    private static Row row(ModelFolder model, Denoiser network, JsonNode json) {
        return row(
                model,
                network,
                model.card().defaults().sampler(),
                json.get("steps").asInt(),
                json.path("class_label").asInt(),
                (float) json.path(SCALE).asDouble());
    }

    private static Row row(ModelFolder model, Denoiser network, String sampler, int steps, int label, float scale) {
        return WordlessRows.of(model, network, sampler, steps, OptionalInt.of(label), scale);
    }

    private static ComputeTarget target(Engine engine) {
        return new ComputeTarget("cpu", Precision.FP32, engine);
    }
}

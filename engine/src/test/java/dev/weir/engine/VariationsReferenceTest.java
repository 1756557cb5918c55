package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Models that vary a picture: what they see in it, one call of the network, the trajectory and the picture of diffusers. */
class VariationsReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("variations/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("variations/cases.json");
    }

    private static Stream<JsonNode> cases() {
        return ReferenceCases.of("variations/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = open(json, engine);
        Denoiser network = parts.denoiser();
        Tensors given = given(parts, json);
        Row row = begin(parts, given, json);
        LatentShape shape = shape(parts.model(), json);
        requireFirstCall(row, network, shape, name);
        List<Integer> recorded = new ArrayList<>();
        json.get("recorded").forEach(step -> recorded.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            // As another node continues it: from the request, and where the run is.
            row = begin(parts, given, json).at(row.state(), row.noisePosition());
            StepBatch.advance(network, shape, List.of(row));
            if (recorded.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(name + "/step " + step), "step " + step);
            }
        }
        assertThat(recorded).as("steps that were not made").isEmpty();
        var made = parts.codec()
                .decode(shape, List.of(row.state().sample()))
                .get(0)
                .orElseThrow();
        var expected =
                ImageIO.read(ReferenceFile.path("variations/" + name + ".png").toFile());
        assertThat(Drawing.psnr(made, expected)).isGreaterThan(50);
    }

    @Test
    void theEmbeddingIsTheReferences() {
        cases().forEach(json -> {
            ImageEncoder encoder = open(json, Engine.TORCH).imageEncoder();
            Tensors seen = encoder.encode(List.of(encoder.pixels(bitmap(json)))).get(0);
            requireClose(
                    seen.get(Tensors.IMAGE_EMBEDS).values(),
                    TENSORS.floats(json.get("name").asText() + "/image_embeds"),
                    json.get("name").asText());
        });
    }

    @Test
    void requestsOfDifferentPicturesShareForwardsAndGiveWhatTheyGiveAlone() {
        for (String checkpoint :
                cases().map(json -> json.get("checkpoint").asText()).distinct().toList()) {
            List<JsonNode> own = cases().filter(
                            json -> json.get("checkpoint").asText().equals(checkpoint) && isSquare(json))
                    .toList();
            ModelParts parts = open(own.get(0), Engine.TORCH);
            Denoiser network = parts.denoiser();
            LatentShape shape = shape(parts.model(), own.get(0));
            List<Row> rows = new ArrayList<>();
            List<float[]> alone = new ArrayList<>();
            for (JsonNode json : own) {
                Tensors given = given(parts, json);
                rows.add(begin(parts, given, json));
                Row lone = begin(parts, given, json);
                while (!lone.isDone()) {
                    StepBatch.advance(network, shape, List.of(lone));
                }
                alone.add(lone.state().sample());
            }
            assertThat(rows).hasSizeGreaterThan(1);
            for (List<Row> left = rows; !left.isEmpty(); ) {
                StepBatch.advance(network, shape, left);
                left = left.stream().filter(row -> !row.isDone()).toList();
            }
            for (int i = 0; i < rows.size(); i++) {
                requireClose(rows.get(i).state().sample(), alone.get(i), "row " + i);
            }
        }
    }

    private static boolean isSquare(JsonNode json) {
        return json.get("width").equals(json.get("height"));
    }

    /** diffusers' rows are the unconditional one, then the other. */
    private static void requireFirstCall(Row row, Denoiser network, LatentShape shape, String name) {
        float[] sample = TENSORS.floats(name + "/call/sample");
        float[] states = TENSORS.floats(name + "/call/states");
        float[] output = TENSORS.floats(name + "/call/output");
        List<Tensors> branches = row.branches();
        assertThat(sample).hasSize(branches.size() * shape.size());
        float timestep = TENSORS.floats(name + "/call/timestep")[0];
        for (int i = 0; i < branches.size(); i++) {
            requireClose(
                    branches.get(i).get(Tensors.ENCODER_HIDDEN_STATES).values(),
                    part(states, i, branches.size()),
                    "states " + i);
            if (TENSORS.has(name + "/call/labels")) {
                requireClose(
                        branches.get(i).get(Tensors.CLASS_LABELS).values(),
                        part(TENSORS.floats(name + "/call/labels"), i, branches.size()),
                        "labels " + i);
            }
            var called = new Denoiser.Row(part(sample, i, branches.size()), timestep, branches.get(i));
            requireClose(
                    network.predict(shape, List.of(called)).get(0), part(output, i, branches.size()), "output " + i);
        }
    }

    private static float[] part(float[] rows, int row, int count) {
        int size = rows.length / count;
        return java.util.Arrays.copyOfRange(rows, row * size, (row + 1) * size);
    }

    private static ModelParts open(JsonNode json, Engine engine) {
        String checkpoint = json.get("checkpoint").asText();
        return OPENED.of(
                List.of(checkpoint, engine),
                () -> ModelParts.of(ReferenceFile.path("variations/" + checkpoint), engine));
    }

    private static LatentShape shape(ModelFolder model, JsonNode json) {
        int scale = model.card().scale();
        return new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
    }

    private static Bitmap bitmap(JsonNode json) {
        try {
            return PictureReader.read(
                    Files.readAllBytes(
                            ReferenceFile.path("images/" + json.get("image").asText())),
                    PictureReader.Limits.DEFAULT);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Tensors given(ModelParts parts, JsonNode json) {
        ImageEncoder encoder = parts.imageEncoder();
        Tensors seen = encoder.encode(List.of(encoder.pixels(bitmap(json)))).get(0);
        Tensors given = encoder.noised(seen, json.get("noise_level").asInt()).under("image/");
        if (parts.model().pipeline().type().texts().isEmpty()) {
            return given;
        }
        // Without a prompt: the empty one.
        List<Tensors> states = parts.encoder()
                .states(List.of(
                        json.path("prompt").asText(""),
                        json.path("negative_prompt").asText("")));
        return given.with(states.get(0).under("cond/")).with(states.get(1).under("uncond/"));
    }

    private static Row begin(ModelParts parts, Tensors given, JsonNode json) {
        ModelFolder model = parts.model();
        var stage = model.pipeline().diffusing().get(0);
        var schedule = model.scheduler(stage);
        var sampler = Samplers.create(
                schedule,
                SamplerSpec.parse(json.get("sampler").asText()),
                Span.whole(json.get("steps").asInt()));
        int width = json.get("width").asInt();
        int height = json.get("height").asInt();
        var request = new Request(
                width,
                height,
                json.get("guidance_scale").floatValue(),
                0,
                GuidanceInterval.WHOLE,
                width,
                height,
                0,
                0,
                OptionalInt.empty(),
                OptionalInt.of(json.get("noise_level").asInt()),
                1,
                1,
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
        var noise = new TorchGenerator(json.get("seed").asLong());
        var begin = new Begin(
                model.card(),
                shape(model, json),
                sampler,
                schedule,
                noise,
                parts.denoiser().inputs(),
                0,
                request,
                given);
        return model.pipeline().type().begin(stage, begin);
    }
}

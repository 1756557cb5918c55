package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.image.Bitmap;
import dev.weir.engine.image.PictureReader;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.PipelineType;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.Sight;
import dev.weir.engine.sampler.Sampler;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Image-to-image and inpainting: where each run begins, its trajectory and its picture, as diffusers' pipelines make them. */
class ImagesReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("images/io.safetensors");

    /** Where only rows are compared with each other. */
    private static final int FEW_STEPS = 6;

    /** The networks that cases share, by engine and files. */
    private static final Map<List<Object>, Parts> OPENED = new HashMap<>();

    @TempDir
    static Path temporary;

    private record Parts(ModelFolder model, TextEncoder encoder, Denoiser network, ImageCodec codec) {

        static Parts open(Engine engine, JsonNode json) {
            var target = new ComputeTarget("cpu", Precision.FP32, engine);
            ModelFolder model = folder(json);
            return new Parts(model, model.textEncoder(target), model.denoiser(target), model.imageCodec(target));
        }

        /** What the denoiser is given for a case. */
        Tensors given(JsonNode json) {
            PipelineType type = model.pipeline().type();
            return encoded(json).with(type.see(type.input(sight(json), codec.scale()), codec));
        }

        Tensors encoded(JsonNode json) {
            return WorkflowRun.encoded(encoder, json);
        }

        void close() {
            encoder.close();
            network.close();
            codec.close();
        }
    }

    private static Parts parts(Engine engine, JsonNode json) {
        return OPENED.computeIfAbsent(
                List.of(engine, json.get("checkpoint"), json.get("unet")), key -> Parts.open(engine, json));
    }

    @AfterAll
    static void close() {
        OPENED.values().forEach(Parts::close);
    }

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("images/cases.json");
    }

    private static Stream<JsonNode> cases() {
        return ReferenceCases.of("images/cases.json");
    }

    /** On libtorch each step is made as another node continues a run: from the request, what was encoded, and where the run is. */
    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        Parts parts = parts(engine, json);
        Tensors given = parts.given(json);
        Row row = begin(parts, json, given, strength(json));
        LatentShape shape = shape(parts.model(), json);
        requireClose(row.state().sample(), TENSORS.floats(name + "/start"), "start");
        List<Integer> recorded = new ArrayList<>();
        json.get("recorded").forEach(step -> recorded.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            if (engine == Engine.TORCH) {
                row = begin(parts, json, given, strength(json)).at(row.state(), row.noisePosition());
            }
            StepBatch.advance(parts.network(), shape, List.of(row));
            if (recorded.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(name + "/step " + step), "step " + step);
            }
        }
        assertThat(recorded).as("steps that were not made").isEmpty();
        assertThat(json.get("recorded"))
                .last()
                .extracting(JsonNode::asInt)
                .as("the last step")
                .isEqualTo(row.steps() - 1);
        var made = parts.codec()
                .decode(shape, List.of(row.state().sample()))
                .get(0)
                .orElseThrow();
        var expected =
                ImageIO.read(ReferenceFile.path("images/" + name + ".png").toFile());
        assertThat(Drawing.psnr(sight(json).finished(made), expected)).isGreaterThan(50);
    }

    @Test
    void rowsOfAllWorkflowsShareForwardsAndGiveWhatTheyGiveAlone() {
        List<JsonNode> own = cases().filter(
                        json -> json.get("checkpoint").asText().equals("checkpoints/sd1")
                                && json.get("unet").isNull())
                .map(json -> (JsonNode) ((ObjectNode) json.deepCopy()).put("steps", FEW_STEPS))
                .toList();
        Parts parts = parts(Engine.TORCH, own.get(0));
        List<Row> rows = new ArrayList<>();
        List<float[]> alone = new ArrayList<>();
        for (int i = 0; i <= own.size(); i++) {
            // The first is of text alone.
            JsonNode json = own.get(Math.max(0, i - 1));
            Tensors given = i == 0 ? parts.encoded(json) : parts.given(json);
            double strength = i == 0 ? 1 : strength(json);
            rows.add(begin(parts, json, given, strength));
            Row lone = begin(parts, json, given, strength);
            while (!lone.isDone()) {
                StepBatch.advance(parts.network(), shape(parts.model(), json), List.of(lone));
            }
            alone.add(lone.state().sample());
        }
        int most = 0;
        for (List<Row> left = rows; !left.isEmpty(); ) {
            most = Math.max(most, left.size());
            StepBatch.advance(parts.network(), shape(parts.model(), own.get(0)), left);
            left = left.stream().filter(row -> !row.isDone()).toList();
        }
        assertThat(most).isEqualTo(own.size() + 1);
        for (int i = 0; i < rows.size(); i++) {
            requireClose(rows.get(i).state().sample(), alone.get(i), "row " + i);
        }
    }

    /** Outside of the mask nothing changes. Inside, noise is added to noise or to nothing. */
    @ParameterizedTest
    @EnumSource(
            value = MaskedContent.class,
            names = {"NOISE", "NOTHING"})
    void theMaskedPartOfLatentsBeginsAsTheRequestSays(MaskedContent content) {
        JsonNode json = cases().filter(one -> one.get("name").asText().equals("inpaint-pndm"))
                .findFirst()
                .orElseThrow();
        Parts parts = parts(Engine.TORCH, json);
        Tensors given = parts.given(json);
        float[] original = begin(parts, json, given, strength(json)).state().sample();
        Row row = begin(parts, json, given, strength(json), content);
        float[] mask = given.get("image/mask").values();
        TorchGenerator generator = new TorchGenerator(json.get("seed").asLong());
        generator.normal(original.length); // of the picture's latents
        float[] noise = generator.normal(original.length);
        float[] clean = content == MaskedContent.NOISE ? noise : new float[noise.length];
        float[] painted = sampler(parts.model(), json, strength(json)).addNoise(0, clean, noise);

        float[] expected = new float[original.length];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = mask[i % mask.length] == 1 ? painted[i] : original[i];
        }
        assertThat(mask).contains(0, 1);
        assertThat(row.state().sample()).isNotEqualTo(original);
        requireClose(row.state().sample(), expected, "start");
    }

    /** A published inpainting model has another network and the same parts besides. */
    private static ModelFolder folder(JsonNode json) {
        Path plain = ReferenceFile.path(json.get("checkpoint").asText());
        if (json.get("unet").isNull()) {
            return ModelFolder.open(plain);
        }
        try {
            Path home = Files.createTempDirectory(temporary, "model");
            copy(plain, home);
            copy(ReferenceFile.path(json.get("unet").asText()), home.resolve("unet"));
            Path index = home.resolve("model_index.json");
            String text = Files.readString(index);
            String own = text.contains("StableDiffusionXLPipeline")
                    ? "StableDiffusionXLPipeline"
                    : "StableDiffusionPipeline";
            Files.writeString(index, text.replace(own, json.get("pipeline").asText()));
            return ModelFolder.open(home);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    private static LatentShape shape(ModelFolder model, JsonNode json) {
        int scale = model.card().scale();
        return new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
    }

    private static Sight sight(JsonNode json) {
        String mask = json.get("mask").asText();
        return Sight.of(
                bitmap(json.get("image").asText()),
                mask.endsWith(".png") ? Optional.of(bitmap(mask)) : Optional.empty(),
                json.get("width").asInt(),
                json.get("height").asInt(),
                json.get("mask_blur").asDouble(),
                json.get("mask_padding").isNull()
                        ? OptionalInt.empty()
                        : OptionalInt.of(json.get("mask_padding").asInt()),
                Optional.empty());
    }

    private static Bitmap bitmap(String name) {
        try {
            return PictureReader.read(
                    Files.readAllBytes(ReferenceFile.path("images/" + name)), PictureReader.Limits.DEFAULT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static double strength(JsonNode json) {
        return json.get("strength").asDouble();
    }

    private static Sampler sampler(ModelFolder model, JsonNode json, double strength) {
        return Samplers.create(
                model.scheduler(model.pipeline().diffusing().get(0)),
                SamplerSpec.parse(json.get("sampler").asText()),
                Span.ofStrength(json.get("steps").asInt(), strength));
    }

    private static Row begin(Parts parts, JsonNode json, Tensors given, double strength) {
        return begin(parts, json, given, strength, MaskedContent.ORIGINAL);
    }

    private static Row begin(Parts parts, JsonNode json, Tensors given, double strength, MaskedContent content) {
        ModelFolder model = parts.model();
        Denoiser network = parts.network();
        var stage = model.pipeline().diffusing().get(0);
        var schedule = model.scheduler(stage);
        var sampler = sampler(model, json, strength);
        var request = Request.of(
                        json.get("width").asInt(),
                        json.get("height").asInt(),
                        json.get("guidance_scale").floatValue())
                .changing(strength, content);
        var noise = new TorchGenerator(json.get("seed").asLong());
        return model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape(model, json),
                                sampler,
                                schedule,
                                noise,
                                network.inputs(),
                                network.inChannels() - 4,
                                request,
                                given));
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.GuidanceInterval;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.AestheticScores;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.MaskedContent;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.sampler.Samplers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whole pictures of diffusers' StableDiffusionXLPipeline with a tiny random checkpoint, and what comes on their way. */
class SdxlReferenceTest {

    private static final Path HOME = ReferenceFile.path("sdxl");
    private static final ReferenceFile TENSORS = ReferenceFile.open("sdxl/pictures/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("sdxl/pictures/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = OPENED.of(engine, () -> ModelParts.of(HOME, engine));
        ModelFolder model = parts.model();
        Tensors given = encoded(parts.encoder(), name, json);
        var stage = model.pipeline().diffusing().get(0);
        int scale = model.card().scale();
        var shape = new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
        var schedule = model.scheduler(stage);
        Denoiser network = parts.network(stage);
        Row row = model.pipeline()
                .type()
                .begin(
                        stage,
                        new Begin(
                                model.card(),
                                shape,
                                Samplers.create(
                                        schedule,
                                        model.card().defaults().sampler(),
                                        json.get("steps").asInt()),
                                schedule,
                                new TorchGenerator(json.get("seed").asLong()),
                                network.inputs(),
                                0,
                                request(json),
                                given));
        requireCall(network, shape, row, name);
        float[] trajectory = TENSORS.floats(name + "/trajectory");
        for (int step = 0; step < json.get("steps").asInt(); step++) {
            StepBatch.advance(network, shape, List.of(row));
            requireClose(
                    row.state().sample(),
                    Arrays.copyOfRange(trajectory, step * shape.size(), (step + 1) * shape.size()),
                    "step " + step);
        }
        assertThat(row.isDone()).isTrue();
        RgbImage picture = parts.codec()
                .decode(shape, List.of(row.state().sample()))
                .get(0)
                .orElseThrow();
        var expected = ImageIO.read(HOME.resolve("pictures/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
    }

    /** Without what it says of the source, a picture stands for itself. */
    private static Request request(JsonNode json) {
        int width = json.get("width").asInt();
        int height = json.get("height").asInt();
        return new Request(
                width,
                height,
                json.get("guidance_scale").floatValue(),
                json.path("guidance_rescale").floatValue(),
                GuidanceInterval.WHOLE,
                json.path("original_size").path(0).asInt(width),
                json.path("original_size").path(1).asInt(height),
                json.path("crop").path(1).asInt(),
                json.path("crop").path(0).asInt(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                1,
                1,
                MaskedContent.ORIGINAL,
                AestheticScores.USUAL);
    }

    /** The states of both prompts, as they travel to the denoiser, held to the reference's. */
    private static Tensors encoded(TextEncoder encoder, String name, JsonNode json) {
        boolean guided = json.get("guidance_scale").asDouble() > 1;
        List<Prompt> prompts = new ArrayList<>(List.of(
                new Prompt(json.get("prompt").asText(), json.path("clip_skip").asInt())));
        if (guided) {
            boolean absent = json.get("negative_prompt").isNull();
            prompts.add(
                    absent
                            ? Prompt.absent(0)
                            : Prompt.of(json.get("negative_prompt").asText()));
        }
        Tensors given = Tensors.NONE;
        List<PromptStates> states = encoder.encode(prompts);
        for (int i = 0; i < prompts.size(); i++) {
            String recorded = name + (i == 0 ? "/" : "/negative_");
            Tensors own = states.get(i).states();
            requireClose(own.get("encoder_hidden_states").values(), TENSORS.floats(recorded + "states"), recorded);
            requireClose(own.get("text_embeds").values(), TENSORS.floats(recorded + "text_embeds"), recorded);
            given = given.with(own.under(i == 0 ? "cond/" : "uncond/"));
        }
        return given;
    }

    private static void requireCall(Denoiser network, LatentShape shape, Row row, String name) {
        float[] sample = Arrays.copyOf(TENSORS.floats(name + "/call/sample"), shape.size());
        float timestep = TENSORS.floats(name + "/call/timestep")[0];
        float[] ids = TENSORS.floats(name + "/call/time_ids");
        List<Denoiser.Row> rows = row.branches().stream()
                .map(branch -> new Denoiser.Row(sample, timestep, branch))
                .toList();
        rows.forEach(
                branch -> assertThat(branch.inputs().get("time_ids").values()).containsExactly(Arrays.copyOf(ids, 6)));
        List<float[]> outputs = network.predict(shape, rows);
        float[] expected = TENSORS.floats(name + "/call/output");
        for (int i = 0; i < outputs.size(); i++) {
            requireClose(
                    outputs.get(i), Arrays.copyOfRange(expected, i * shape.size(), (i + 1) * shape.size()), "call");
        }
    }

    /** Held to diffusers by {@code sdxl.py}, which finds the same states for both. */
    @Test
    void aFolderThatForcesNoZerosReadsTheEmptyPromptForAnAbsentOne(@TempDir Path temporary) throws IOException {
        Path home = TestModels.copy(HOME, temporary.resolve("model"));
        TestModels.edit(
                home.resolve("model_index.json"),
                "\"force_zeros_for_empty_prompt\": true",
                "\"force_zeros_for_empty_prompt\": false");
        try (ModelParts parts = ModelParts.of(home, Engine.TORCH)) {
            Tensors absent =
                    parts.encoder().encode(List.of(Prompt.absent(0))).get(0).states();

            requireClose(
                    absent.get("encoder_hidden_states").values(), TENSORS.floats("empty/negative_states"), "states");
            requireClose(absent.get("text_embeds").values(), TENSORS.floats("empty/negative_text_embeds"), "pooled");
        }
    }

    @Test
    void theFolderSaysWhatItIs() {
        var card = ModelFolder.open(HOME).card();
        assertThat(card.pipeline()).isEqualTo("StableDiffusionXLPipeline");
        assertThat(card.components()).contains("text_encoder_2", "tokenizer_2");
        assertThat(card.defaults().guidanceScale()).isEqualTo(5);
        assertThat(ModelReport.inspect(HOME).runs()).isTrue();
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.diffusion.Row;
import dev.weir.engine.diffusion.StepBatch;
import dev.weir.engine.noise.TorchGenerator;
import dev.weir.engine.pipeline.Begin;
import dev.weir.engine.pipeline.Request;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.sampler.SamplerSpec;
import dev.weir.engine.sampler.Samplers;
import dev.weir.engine.sampler.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Pictures of diffusers' SDXL base and refiner, each with its part of the schedule, and what comes on their way. */
class SdxlRefinerReferenceTest {

    private static final Path HOME = ReferenceFile.path("sdxl_refiner");
    private static final ReferenceFile TENSORS = ReferenceFile.open("sdxl_refiner/pictures/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    Path temporary;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("sdxl_refiner/pictures/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = OPENED.of(engine, () -> ModelParts.of(HOME, engine));
        ModelFolder model = parts.model();
        Tensors given = encoded(parts.encoder(), json);
        List<StageSpec> stages = model.pipeline().diffusing();
        assertThat(stages).extracting(StageSpec::name).containsExactly("denoiser", "refiner");
        int scale = model.card().scale();
        var shape = new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
        double start = json.get("refiner_start").asDouble();
        int steps = json.get("steps").asInt();

        float[] base = run(parts, stages.get(0), shape, json, Span.between(steps, 0, start), given, name + "/base");
        Tensors more = given.with("latent", HostTensor.of(base, 4, shape.height(), shape.width()));
        float[] latent = run(parts, stages.get(1), shape, json, Span.between(steps, start, 1), more, name + "/refiner");
        RgbImage picture = parts.codec().decode(shape, List.of(latent)).get(0).orElseThrow();
        var expected = ImageIO.read(HOME.resolve("pictures/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
    }

    private static float[] run(
            ModelParts parts,
            StageSpec stage,
            LatentShape shape,
            JsonNode json,
            Span span,
            Tensors given,
            String recorded) {
        ModelFolder model = parts.model();
        var schedule = model.scheduler(stage);
        Denoiser network = parts.network(stage);
        var begin = new Begin(
                model.card(),
                shape,
                Samplers.create(schedule, SamplerSpec.of(json.get("sampler").asText()), span),
                schedule,
                new TorchGenerator(json.get("seed").asLong()),
                network.inputs(),
                0,
                Request.of(
                        json.get("width").asInt(),
                        json.get("height").asInt(),
                        json.get("guidance_scale").floatValue()),
                given);
        Row row = model.pipeline().type().begin(stage, begin);
        if (stage.takesOver()) {
            requireCall(network, shape, row, json.get("name").asText());
        }
        float[] trajectory = TENSORS.floats(recorded + "/trajectory");
        assertThat(row.steps()).isEqualTo(trajectory.length / shape.size());
        for (int step = 0; !row.isDone(); step++) {
            StepBatch.advance(network, shape, List.of(row));
            requireClose(
                    row.state().sample(),
                    Arrays.copyOfRange(trajectory, step * shape.size(), (step + 1) * shape.size()),
                    recorded + " step " + step);
        }
        return row.state().sample();
    }

    /** The states that the refiner sees, what it is told of the picture, and what it answers. */
    private static void requireCall(Denoiser network, LatentShape shape, Row row, String name) {
        List<Tensors> branches = row.branches();
        for (var input : List.of("encoder_hidden_states:states", "text_embeds:text_embeds", "time_ids:time_ids")) {
            String[] names = input.split(":");
            float[] recorded = TENSORS.floats(name + "/call/" + names[1]);
            int each = recorded.length / branches.size();
            for (int i = 0; i < branches.size(); i++) {
                requireClose(
                        branches.get(i).get(names[0]).values(),
                        Arrays.copyOfRange(recorded, i * each, (i + 1) * each),
                        names[0]);
            }
        }
        float[] sample = Arrays.copyOf(TENSORS.floats(name + "/call/sample"), shape.size());
        float timestep = TENSORS.floats(name + "/call/timestep")[0];
        List<float[]> outputs = network.predict(
                shape,
                branches.stream()
                        .map(branch -> new Denoiser.Row(sample, timestep, branch))
                        .toList());
        float[] expected = TENSORS.floats(name + "/call/output");
        for (int i = 0; i < outputs.size(); i++) {
            requireClose(
                    outputs.get(i), Arrays.copyOfRange(expected, i * shape.size(), (i + 1) * shape.size()), "call");
        }
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        List<Prompt> prompts =
                new ArrayList<>(List.of(Prompt.of(json.get("prompt").asText())));
        if (json.get("guidance_scale").asDouble() > 1) {
            boolean absent = json.get("negative_prompt").isNull();
            prompts.add(
                    absent
                            ? Prompt.absent(0)
                            : Prompt.of(json.get("negative_prompt").asText()));
        }
        Tensors given = Tensors.NONE;
        List<PromptStates> states = encoder.encode(prompts);
        for (int i = 0; i < prompts.size(); i++) {
            given = given.with(states.get(i).states().under(i == 0 ? "cond/" : "uncond/"));
        }
        return given;
    }

    @Test
    void theFolderSaysWhatItIs() {
        ModelFolder model = ModelFolder.open(HOME);
        assertThat(model.card().components()).endsWith("refiner/unet", "refiner/scheduler");
        assertThat(ModelReport.inspect(HOME).runs()).isTrue();
    }

    @Test
    void aRefinerAloneIsRefusedWithWhatToDo() {
        assertThatThrownBy(() -> ModelFolder.open(HOME.resolve("refiner")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("an SDXL refiner")
                .hasMessageContaining("base model's folder as \"refiner\"")
                .hasMessageContaining("requires_aesthetics_score");
    }

    @Test
    void aRefinerThatDoesNotFitIsRefusedByItsKey() throws IOException {
        Path model = TestModels.copy(HOME, temporary.resolve("model"));
        Path config = model.resolve("refiner/unet/config.json");
        String published = Files.readString(config);
        Files.writeString(config, published.replace("\"cross_attention_dim\": 24", "\"cross_attention_dim\": 40"));
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("refiner/unet")
                .hasMessageContaining("cross_attention_dim is 40")
                .hasMessageContaining("the second text encoder's states");
        Files.writeString(
                config,
                published.replace(
                        "\"projection_class_embeddings_input_dim\": 64",
                        "\"projection_class_embeddings_input_dim\": 72"));
        assertThatThrownBy(() -> ModelFolder.open(model)).hasMessageContaining("no room for an aesthetic score");
    }
}

package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Turbo, Lightning, LCM and zero terminal SNR: diffusers' pictures of text, of pictures and of masks, each alone and all of a model in
 * one batch with guided ones, which another node continues after its first step.
 */
class FewStepReferenceTest {

    private static final Path HOME = ReferenceFile.path("few_step");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    static Path temporary;

    static Stream<Arguments> models() {
        return ReferenceCases.onEachEngine("few_step/models.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("models")
    void picturesAreTheReferencesAloneAndTogether(Engine engine, String name, JsonNode json) throws IOException {
        ModelFolder model = ModelFolder.open(folder(json));
        List<JsonNode> pictures = pictures(json);
        // Models with other schedulers have the same networks.
        var run = OPENED.of(
                        List.of(json.get("parts"), json.get("unet"), engine),
                        () -> new WorkflowRun(model, new ComputeTarget("cpu", Precision.FP32, engine)))
                .as(model);
        List<Row> together = new ArrayList<>();
        for (JsonNode picture : pictures) {
            Row alone = run.begin(picture);
            run.finish(picture, List.of(alone));
            requireReference(run.picture(picture, alone), picture, "alone");
            together.add(run.begin(picture));
        }
        assertThat(run.step(pictures.get(0), together)).isEqualTo(pictures.size());
        // As another node continues them: from their requests, and where their runs are.
        for (int i = 0; i < pictures.size(); i++) {
            Row row = together.get(i);
            together.set(i, run.begin(pictures.get(i)).at(row.state(), row.noisePosition()));
        }
        run.finish(pictures.get(0), together);
        for (int i = 0; i < pictures.size(); i++) {
            requireReference(run.picture(pictures.get(i), together.get(i)), pictures.get(i), "together, resumed");
        }
    }

    private static void requireReference(RgbImage made, JsonNode picture, String how) throws IOException {
        String file = picture.get("file").asText();
        assertThat(Drawing.psnr(made, ImageIO.read(HOME.resolve(file).toFile())))
                .as(file + " " + how)
                .isGreaterThan(50);
    }

    @Test
    void aLatentConsistencyModelHasFewStepsAndNoNegativePrompt() throws IOException {
        ModelFolder model = ModelFolder.open(folder(json("sd-lcm")));

        assertThat(model.card().defaults().steps()).isEqualTo(4);
        assertThat(model.card().defaults().guidanceScale()).isEqualTo(8.5f);
        assertThat(model.card().defaults().sampler()).isEqualTo("lcm");
        assertThat(model.pipeline().workflows()).hasSizeGreaterThan(2).allSatisfy(workflow -> assertThat(
                        workflow.fields())
                .extracting(field -> field.name())
                .contains("prompt", "guidance_scale")
                .doesNotContain("negative_prompt", "guidance_rescale"));
    }

    @Test
    void aLatentConsistencyModelNeedsANetworkThatTakesTheGuidanceScale() throws IOException {
        ObjectNode json = json("sd-lcm").deepCopy();
        json.putNull("unet");

        assertThatThrownBy(() -> ModelFolder.open(folder(json)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("time_cond_proj_dim");
    }

    private static JsonNode json(String name) {
        return ReferenceCases.of("few_step/models.json")
                .filter(model -> model.get("name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Each with what the model's pictures have in common. */
    private static List<JsonNode> pictures(JsonNode json) {
        List<JsonNode> pictures = new ArrayList<>();
        for (JsonNode picture : json.get("pictures")) {
            ObjectNode whole = json.deepCopy();
            whole.setAll((ObjectNode) picture);
            String workflow = picture.get("workflow").asText();
            if (!workflow.equals("text_to_image")) {
                whole.put("image", "photo.png");
            }
            if (workflow.equals("inpainting")) {
                whole.put("mask", "mask.png");
            }
            pictures.add(whole);
        }
        return pictures;
    }

    private Path folder(JsonNode json) throws IOException {
        Path parts = ReferenceFile.path(json.get("parts").asText());
        Path model = TestModels.copy(
                parts, Files.createTempDirectory(temporary, "few").resolve("model"));
        JsonNode scheduler = json.get("scheduler_config");
        Files.writeString(model.resolve("scheduler/scheduler_config.json"), scheduler.toString());
        Path file = model.resolve("model_index.json");
        ObjectNode index = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        index.put("_class_name", json.get("pipeline").asText());
        index.putArray("scheduler")
                .add("diffusers")
                .add(scheduler.get("_class_name").asText());
        Files.writeString(file, index.toString());
        if (!json.get("unet").isNull()) {
            for (String part : List.of("config.json", "diffusion_pytorch_model.safetensors")) {
                Files.copy(
                        HOME.resolve(json.get("unet").asText()).resolve(part),
                        model.resolve("unet").resolve(part),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return model;
    }
}

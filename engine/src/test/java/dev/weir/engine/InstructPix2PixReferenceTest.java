package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Image editing by a prompt: the first network call, the trajectory and the picture, as diffusers' pipelines make them. */
class InstructPix2PixReferenceTest {

    private static final Path HOME = ReferenceFile.path("instruct_pix2pix");
    private static final ReferenceFile TENSORS = ReferenceFile.open("instruct_pix2pix/io.safetensors");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    static Path temporary;

    @ParameterizedTest
    @EnumSource(Engine.class)
    void stableDiffusionAloneAndTogether(Engine engine) throws IOException {
        picturesAreTheReferences(engine, cases("sd", false));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void sdxlAloneAndTogether(Engine engine) throws IOException {
        picturesAreTheReferences(engine, cases("xl", false));
        picturesAreTheReferences(engine, cases("xl", true));
    }

    /** As graphs of ComfyUI have them. diffusers has zeros for a negative prompt that is absent. */
    @Test
    void zerosStandForANegativePromptAndTextsOfPartsOfARunDoNot() throws IOException {
        ObjectNode json = cases("xl", false).stream()
                .filter(one -> one.get("name").asText().equals("xl-absent"))
                .map(one -> (ObjectNode) one.deepCopy())
                .findFirst()
                .orElseThrow();
        ArrayNode zeros = json.put("negative_prompt", "").putArray("against").addArray();
        zeros.addNull().add(0.0).add(1.0);
        ModelFolder model = ModelFolder.open(folder(json));
        try (var run = new WorkflowRun(model, new ComputeTarget("cpu", Precision.FP32, Engine.TORCH))) {
            requireWay(run, json);
            zeros.set(1, zeros.numberNode(0.5));
            assertThatThrownBy(() -> run.begin(json))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("one text for all steps");
        }
    }

    /** Those of one model also in one batch, which another node continues after its first step. */
    private void picturesAreTheReferences(Engine engine, List<JsonNode> cases) throws IOException {
        WorkflowRun run = open(engine, cases.get(0));
        List<Row> together = new ArrayList<>();
        for (JsonNode json : cases) {
            requireWay(run, json);
            together.add(run.begin(json));
        }
        assertThat(run.step(cases.get(0), together)).isEqualTo(cases.size());
        for (int i = 0; i < cases.size(); i++) {
            Row row = together.get(i);
            together.set(i, run.begin(cases.get(i)).at(row.state(), row.noisePosition()));
        }
        run.finish(cases.get(0), together);
        for (int i = 0; i < cases.size(); i++) {
            requirePicture(run, cases.get(i), together.get(i));
        }
    }

    private static void requireWay(WorkflowRun run, JsonNode json) throws IOException {
        String name = json.get("name").asText();
        Row row = run.begin(json);
        requireClose(row.state().sample(), TENSORS.floats(name + "/start"), name + " start");
        requireCall(run, json, row);
        List<Integer> recorded = new ArrayList<>();
        json.get("recorded").forEach(step -> recorded.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            run.step(json, List.of(row));
            if (recorded.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(name + "/step " + step), name + " step " + step);
            }
        }
        assertThat(recorded).as("steps that were not made").isEmpty();
        requirePicture(run, json, row);
    }

    /** The sample and the picture beside it in each row, and what the network says. */
    private static void requireCall(WorkflowRun run, JsonNode json, Row row) {
        String name = json.get("name").asText() + "/call/";
        int size = run.shape(json).size();
        float[] seen = TENSORS.floats(name + "sample");
        float[] expected = TENSORS.floats(name + "output");
        float timestep = TENSORS.floats(name + "timestep")[0];
        List<Tensors> branches = row.branches();
        assertThat(seen).hasSize(branches.size() * 2 * size);
        List<Denoiser.Row> rows = new ArrayList<>();
        for (int i = 0; i < branches.size(); i++) {
            float[] sample = Arrays.copyOfRange(seen, 2 * i * size, (2 * i + 1) * size);
            float[] picture = Arrays.copyOfRange(seen, (2 * i + 1) * size, (2 * i + 2) * size);
            requireClose(branches.get(i).get(Tensors.CONCAT).values(), picture, name + "picture " + i);
            rows.add(new Denoiser.Row(sample, timestep, branches.get(i)));
        }
        List<float[]> outputs = run.network.predict(run.shape(json), rows);
        for (int i = 0; i < outputs.size(); i++) {
            requireClose(outputs.get(i), Arrays.copyOfRange(expected, i * size, (i + 1) * size), name + i);
        }
    }

    private static void requirePicture(WorkflowRun run, JsonNode json, Row row) throws IOException {
        String name = json.get("name").asText();
        assertThat(Drawing.psnr(
                        run.picture(json, row),
                        ImageIO.read(HOME.resolve(name + ".png").toFile())))
                .as(name)
                .isGreaterThan(50);
    }

    @Test
    void aStepIsThreeRowsUnlessAScaleIsTooSmallForGuidance() throws IOException {
        List<JsonNode> cases = cases("sd", false);
        WorkflowRun run = open(Engine.TORCH, cases.get(0));
        for (JsonNode json : cases) {
            String name = json.get("name").asText();
            boolean guided = !name.equals("sd-unguided") && !name.equals("sd-little-image");
            assertThat(run.begin(json).cost()).as(name).isEqualTo(guided ? 3 : 1);
        }
    }

    @Test
    void aFolderNeedsANetworkThatSeesThePicture() throws IOException {
        Path model = folder(cases("sd", false).get(0));
        assertThat(ModelFolder.open(model).pipeline().workflows())
                .singleElement()
                .satisfies(workflow -> assertThat(workflow.fields())
                        .extracting(field -> field.name())
                        .contains("init_image", "image_guidance_scale", "negative_prompt")
                        .doesNotContain("strength", "mask"));

        TestModels.edit(model.resolve("unet/config.json"), "\"in_channels\": 8", "\"in_channels\": 4");
        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("in_channels is 4");
    }

    private static List<JsonNode> cases(String unet, boolean scaled) {
        return ReferenceCases.of("instruct_pix2pix/cases.json")
                .filter(json -> json.get("unet").asText().equals(unet)
                        && json.get("is_cosxl_edit").asBoolean() == scaled)
                .toList();
    }

    /** Models that use a network in two ways share it. */
    private static WorkflowRun open(Engine engine, JsonNode json) throws IOException {
        ModelFolder model = ModelFolder.open(folder(json));
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        return OPENED.of(List.of(json.get("unet"), engine), () -> new WorkflowRun(model, target))
                .as(model);
    }

    private static Path folder(JsonNode json) throws IOException {
        Path parts = ReferenceFile.path(json.get("parts").asText());
        Path model = TestModels.copy(
                parts, Files.createTempDirectory(temporary, "edit").resolve("model"));
        Path file = model.resolve("model_index.json");
        ObjectNode index = (ObjectNode) new ObjectMapper().readTree(file.toFile());
        index.put("_class_name", json.get("pipeline").asText());
        index.put("is_cosxl_edit", json.get("is_cosxl_edit").asBoolean());
        Files.writeString(file, index.toString());
        try (Stream<Path> files =
                Files.list(HOME.resolve("unet").resolve(json.get("unet").asText()))) {
            for (Path part : files.toList()) {
                Files.copy(
                        part,
                        model.resolve("unet").resolve(part.getFileName().toString()),
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return model;
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
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

/**
 * Latent diffusion's text to image and super-resolution: text states, the first network call, the trajectory and the picture, as diffusers
 * makes them.
 */
class LatentDiffusionReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("ldm/io.safetensors");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    static Path models;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("ldm/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        Path home = lay(json);
        WorkflowRun run = OPENED.of(
                List.of(home, engine),
                () -> new WorkflowRun(ModelFolder.open(home), new ComputeTarget("cpu", Precision.FP32, engine)));
        requireStates(run.given(json), name);
        Row row = run.begin(json);
        requireClose(row.state().sample(), TENSORS.floats(name + "/start"), "start");
        requireFirstCall(run, row, json);
        List<Integer> recorded = new ArrayList<>();
        json.get("recorded").forEach(step -> recorded.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            // As another node continues it: from the request, and where the run is.
            row = run.begin(json).at(row.state(), row.noisePosition());
            run.step(json, List.of(row));
            if (recorded.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(name + "/step " + step), "step " + step);
            }
        }
        assertThat(recorded).as("steps that were not made").isEmpty();
        var expected = ImageIO.read(ReferenceFile.path("ldm/" + name + ".png").toFile());
        assertThat(Drawing.psnr(run.picture(json, row), expected)).isGreaterThan(50);
    }

    private static void requireStates(Tensors given, String name) {
        for (String branch : List.of("cond/states", "uncond/negative_states")) {
            String port = branch.substring(0, branch.indexOf('/') + 1);
            String recorded = name + "/" + branch.substring(port.length());
            if (TENSORS.has(recorded)) {
                float[] first = TENSORS.floats(recorded);
                float[] own = given.get(port + Tensors.ENCODER_HIDDEN_STATES).values();
                requireClose(Arrays.copyOf(own, first.length), first, recorded);
            }
        }
    }

    /** Of the prompt's row, and of what is beside its sample. */
    private static void requireFirstCall(WorkflowRun run, Row row, JsonNode json) {
        String call = json.get("name").asText() + "/call/";
        LatentShape shape = run.shape(json);
        float[] seen = TENSORS.floats(call + "sample");
        List<Tensors> branches = row.branches();
        Tensors prompt = branches.get(branches.size() - 1);
        if (seen.length > shape.size()) {
            float[] beside = Arrays.copyOfRange(seen, shape.size(), seen.length);
            requireClose(prompt.get(Tensors.CONCAT).values(), beside, "what is beside the sample");
        }
        var own = new Denoiser.Row(Arrays.copyOf(seen, shape.size()), TENSORS.floats(call + "timestep")[0], prompt);
        requireClose(run.network.predict(shape, List.of(own)).get(0), TENSORS.floats(call + "output"), "call");
    }

    private static Path lay(JsonNode json) throws IOException {
        String over = json.path("over").asText("");
        Path home = models.resolve(json.get("model").asText() + over);
        if (!Files.exists(home)) {
            TestModels.lay(ReferenceFile.path("ldm/" + json.get("model").asText()), home);
            if (!over.isEmpty()) {
                TestModels.lay(ReferenceFile.path("ldm/" + over), home);
            }
        }
        return home;
    }

    /** Files as old as the published ones. Stable Diffusion's pipelines would take 64 latent pixels for their 8. */
    @Test
    void theSizeIsWhatTheFolderSays() {
        var pipeline = ModelFolder.open(ReferenceFile.path("ldm/text2im")).pipeline();
        assertThat(pipeline.sizes().usual()).isEqualTo(64);
        assertThat(pipeline.latent()).isEqualTo(new LatentShape(4, 8, 8));
    }

    @Test
    void aPictureIsEnlargedInMultiplesOfTheReferences() {
        var model = ModelFolder.open(ReferenceFile.path("ldm/super-resolution"));
        assertThat(model.pipeline().sizes().multiple()).isEqualTo(64);
        assertThat(model.pipeline().scale()).isEqualTo(2);
        assertThat(model.pipeline().workflows()).singleElement().satisfies(workflow -> {
            assertThat(workflow.name()).isEqualTo("upscaling");
            assertThat(workflow.fields()).singleElement().satisfies(field -> assertThat(field.name())
                    .isEqualTo("init_image"));
        });
    }

    @Test
    void partsThatDoNotFitAreRefusedByName() throws IOException {
        Path home = models.resolve("changed");
        TestModels.copy(ReferenceFile.path("ldm/text2im"), home);
        TestModels.edit(home.resolve("bert/config.json"), "\"d_model\": 16", "\"d_model\": 20");
        assertThatThrownBy(() -> ModelFolder.open(home).pipeline())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("cross_attention_dim is 16, which does not fit 20 of the text encoder's states");
    }
}

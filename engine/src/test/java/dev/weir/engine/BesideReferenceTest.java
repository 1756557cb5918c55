package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.diffusion.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks that see a picture beside their sample (depth-to-image, upscalers): where each run begins, its first network call, its
 * trajectory and its picture, as diffusers' pipelines make them.
 */
class BesideReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("beside/io.safetensors");

    @RegisterExtension
    static final Opened<WorkflowRun> OPENED = new Opened<>();

    @TempDir
    static Path temporary;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("beside/cases.json");
    }

    static Stream<String> models() {
        return cases().map(json -> json.get("model").asText()).distinct();
    }

    private static Stream<JsonNode> cases() {
        return ReferenceCases.of("beside/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        WorkflowRun run = open(json.get("model").asText(), engine);
        Row row = run.begin(json);
        requireClose(row.state().sample(), TENSORS.floats(name + "/start"), "start");
        requireTheSameCall(run, row, json);
        List<Integer> recorded = new ArrayList<>();
        json.get("recorded").forEach(step -> recorded.add(step.asInt()));
        for (int step = 0; !row.isDone(); step++) {
            run.step(json, List.of(row));
            if (recorded.remove((Integer) step)) {
                requireClose(row.state().sample(), TENSORS.floats(name + "/step " + step), "step " + step);
            }
        }
        assertThat(recorded).as("steps that were not made").isEmpty();
        var expected =
                ImageIO.read(ReferenceFile.path("beside/" + name + ".png").toFile());
        assertThat(Drawing.psnr(run.picture(json, row), expected)).isGreaterThan(50);
    }

    /** The prompt's row of the first forward pass. */
    private static void requireTheSameCall(WorkflowRun run, Row row, JsonNode json) {
        String call = json.get("name").asText() + "/call/";
        LatentShape shape = run.shape(json);
        float[] seen = TENSORS.floats(call + "sample");
        List<Tensors> branches = row.branches();
        Tensors prompt = branches.get(branches.size() - 1);
        requireClose(
                prompt.get(Tensors.CONCAT).values(),
                Arrays.copyOfRange(seen, shape.size(), seen.length),
                "what is beside the sample");
        var own = new Denoiser.Row(Arrays.copyOf(seen, shape.size()), TENSORS.floats(call + "timestep")[0], prompt);
        float[] answer = run.network.predict(shape, List.of(own)).get(0);
        requireClose(answer, TENSORS.floats(call + "output"), "network call");
    }

    @ParameterizedTest
    @MethodSource("models")
    void differentRequestsShareForwardsAndGiveWhatTheyGiveAlone(String model) throws IOException {
        List<JsonNode> own = of(model);
        // Only rows are compared with each other.
        ObjectNode first = ((ObjectNode) own.get(0).deepCopy()).put("steps", 6);
        ObjectNode second = ((ObjectNode) own.get(1).deepCopy()).put("steps", 6);
        second.set("width", first.get("width"));
        second.set("height", first.get("height"));
        WorkflowRun run = open(model, Engine.TORCH);
        List<Row> together = List.of(run.begin(first), run.begin(second));
        List<Row> alone = List.of(run.begin(first), run.begin(second));
        run.finish(first, alone.subList(0, 1));
        run.finish(first, alone.subList(1, 2));
        assertThat(run.step(first, together)).isEqualTo(2);
        run.finish(first, together);
        for (int i = 0; i < 2; i++) {
            requireClose(together.get(i).state().sample(), alone.get(i).state().sample(), "row " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void aRunContinuesAnywhere(String model) throws IOException {
        JsonNode json = of(model).get(1);
        WorkflowRun run = open(model, Engine.TORCH);
        Row row = run.begin(json);
        while (!row.isDone()) {
            // As another node continues it: from the request, and where the run is.
            row = run.begin(json).at(row.state(), row.noisePosition());
            run.step(json, List.of(row));
        }
        String last = json.get("name").asText() + "/step " + (row.steps() - 1);
        requireClose(row.state().sample(), TENSORS.floats(last), "end");
    }

    private static List<JsonNode> of(String model) {
        return cases().filter(json -> json.get("model").asText().equals(model)).toList();
    }

    /** A model that shares parts with another checkpoint. */
    private static WorkflowRun open(String model, Engine engine) {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        return OPENED.of(List.of(model, engine), () -> new WorkflowRun(folder(model, engine), target));
    }

    private static ModelFolder folder(String model, Engine engine) {
        Path home = temporary.resolve(engine.name()).resolve(model);
        try {
            TestModels.lay(ReferenceFile.path("checkpoints/sd1"), home);
            TestModels.lay(ReferenceFile.path("beside/" + model), home);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ModelFolder.open(home);
    }
}

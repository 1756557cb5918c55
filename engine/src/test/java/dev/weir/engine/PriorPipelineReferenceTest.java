package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.pipeline.StageSpec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Text to image with a prior: calls and trajectories of both diffusing stages, and the picture, as diffusers recorded them. */
class PriorPipelineReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("priors/io.safetensors");

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("priors/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = OPENED.of(engine, () -> ModelParts.of(ReferenceFile.path("priors/pipeline"), engine));
        ModelFolder model = parts.model();
        StageSpec prior = model.pipeline().diffusing().get(0);
        StageSpec decoder = model.pipeline().diffusing().get(1);
        assertThat(model.pipeline().main()).isEqualTo(decoder);
        Tensors given = encoded(parts.encoder(), json);
        Denoiser network = parts.network(prior);
        var shape = new LatentShape(network.inChannels(), 1, 1);
        var run = new StageRun(model, prior, network, shape, given, json);
        requireFirstCall(run, name + "/prior/");
        float[] embedding = network.finished(run.end(TENSORS, "prior_recorded", name + "/prior/"));
        requireClose(embedding, TENSORS.floats(name + "/embedding"), "embedding");
        decode(parts, given.with("latent", HostTensor.of(embedding, embedding.length, 1, 1)), json);
    }

    private static void decode(ModelParts parts, Tensors given, JsonNode json) throws IOException {
        ModelFolder model = parts.model();
        String name = json.get("name").asText();
        int scale = model.card().scale();
        var shape = new LatentShape(
                4, json.get("height").asInt() / scale, json.get("width").asInt() / scale);
        var run = new StageRun(model, model.pipeline().main(), parts.denoiser(), shape, given, json);
        StageRun.requireRows(
                run.begin().branches().stream()
                        .map(branch -> branch.get(Tensors.CLASS_LABELS).values())
                        .toList(),
                TENSORS,
                name + "/call/labels");
        requireFirstCall(run, name + "/call/");
        float[] latent = run.end(TENSORS, "recorded", name + "/");
        var made = parts.codec().decode(shape, List.of(latent)).get(0).orElseThrow();
        var expected =
                ImageIO.read(ReferenceFile.path("priors/" + name + ".png").toFile());
        assertThat(Drawing.psnr(made, expected)).isGreaterThan(50);
    }

    /** The rows are the unconditional one, then the other, here as in diffusers. */
    private static void requireFirstCall(StageRun run, String prefix) {
        float[] sample = TENSORS.floats(prefix + "sample");
        float timestep = TENSORS.floats(prefix + "timestep")[0];
        List<Tensors> branches = run.begin().branches();
        List<float[]> outputs = new ArrayList<>();
        for (int i = 0; i < branches.size(); i++) {
            var called = new Denoiser.Row(StageRun.part(sample, i, branches.size()), timestep, branches.get(i));
            outputs.add(run.network().predict(run.shape(), List.of(called)).get(0));
        }
        StageRun.requireRows(outputs, TENSORS, prefix + "output");
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        List<Tensors> states = encoder.states(List.of(
                json.get("prompt").asText(), json.path("negative_prompt").asText("")));
        return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.pipeline.StageSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Karlo: the trajectories of its three diffusing stages, the embedding and the picture, as diffusers recorded them. */
class KarloReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("karlo/io.safetensors");
    private static final Path FOLDER = ReferenceFile.path("karlo/pipeline");
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    private Path temporary;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("karlo/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = open(engine);
        ModelFolder model = parts.model();
        List<StageSpec> stages = model.pipeline().diffusing();
        assertThat(stages).extracting(StageSpec::name).containsExactly("prior", "denoiser", "upsampler");
        Tensors encoded = encoded(parts.encoder(), json);
        HostTensor made = HostTensor.number(0);
        for (StageSpec stage : stages) {
            Denoiser network = parts.network(stage);
            int side = stage.equals(stages.get(2))
                    ? model.card().nativeSize() * model.card().upsampleFactor()
                    : json.get("height").asInt();
            var shape = stage.isPrior() ? new LatentShape(network.inChannels(), 1, 1) : new LatentShape(3, side, side);
            var run = new StageRun(model, stage, network, shape, encoded.with("latent", made), json);
            String prefix = stage.isPrior() ? "prior/" : stage.ownSteps() > 0 ? "large/" : "";
            float[] end =
                    network.finished(run.end(TENSORS, prefix.replace("/", "_") + "recorded", name + "/" + prefix));
            if (stage.isPrior()) {
                requireClose(end, TENSORS.floats(name + "/embedding"), "embedding");
            }
            made = HostTensor.of(end, shape.channels(), shape.height(), shape.width());
        }
        var shape = new LatentShape(made.side(0), made.side(1), made.side(2));
        var picture = parts.codec().decode(shape, List.of(made.values())).get(0).orElseThrow();
        var expected = ImageIO.read(ReferenceFile.path("karlo/" + name + ".png").toFile());
        assertThat(Drawing.psnr(picture, expected)).isGreaterThan(50);
    }

    private static ModelParts open(Engine engine) {
        return OPENED.of(engine, () -> ModelParts.of(FOLDER, engine));
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        var states = encoder.states(List.of(json.get("prompt").asText(), ""));
        return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
    }

    @Test
    void theReportReadsTheHeadersOfAllNetworks() throws IOException {
        Path model = TestModels.copy(FOLDER, temporary.resolve("karlo"));
        assertThat(ModelReport.inspect(model).runs()).isTrue();
        String weights = "diffusion_pytorch_model.safetensors";
        Files.copy(
                FOLDER.resolve("prior").resolve(weights),
                model.resolve("text_proj").resolve(weights),
                StandardCopyOption.REPLACE_EXISTING);

        assertThat(ModelReport.inspect(model).components())
                .filteredOn(component -> component.problem().isPresent())
                .extracting(ModelReport.Component::name)
                .containsExactly("text_proj");
    }

    @Test
    void rowsAtTheLastStepShareNoForwardWithOthersAndKeepTheirOrder() {
        ModelParts parts = open(Engine.TORCH);
        var shape = new LatentShape(3, 32, 32);
        Denoiser network = parts.network(parts.model().pipeline().diffusing().get(2));
        var row = NoiseRow.of(network, shape, 0, 1);
        var rows = Stream.of(0f, 500f, 0f, 20f)
                .map(timestep -> new Denoiser.Row(row.sample(), timestep, row.inputs()))
                .toList();
        var together = network.predict(shape, rows);
        for (int i = 0; i < rows.size(); i++) {
            requireClose(
                    together.get(i),
                    network.predict(shape, List.of(rows.get(i))).get(0),
                    "row " + i);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "text_proj|clip_embeddings_dim|24|clip_embeddings_dim is 24, which does not fit 20 of the prior's embedding",
                "text_proj|time_embed_dim|24|text_proj/config.json: time_embed_dim is 24, which does not fit the class_labels",
                "text_proj|cross_attention_dim|24|cross_attention_dim is 24, which does not fit 12 of what the decoder",
                "decoder|out_channels|3|out_channels is 3, which does not fit 6 of pixels and their variances",
                "super_res_first|in_channels|3|in_channels is 3, which does not fit 6 of a sample and a picture",
                "super_res_first|sample_size|30|sample_size is 30, which is no multiple of 8",
            })
    void partsThatDoNotFitAreNamed(String part, String key, String value, String message) throws IOException {
        Path folder = temporary.resolve("changed");
        TestModels.copy(FOLDER, folder);
        Path file = folder.resolve(part).resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        config.set(key, JSON.readTree(value));
        Files.write(file, JSON.writeValueAsBytes(config));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"prior_scheduler", "decoder_scheduler", "super_res_scheduler"})
    void anotherSchedulerIsRefused(String scheduler) throws IOException {
        Path folder = temporary.resolve("changed");
        TestModels.copy(FOLDER, folder);
        Path file = folder.resolve(scheduler).resolve("scheduler_config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        Files.write(file, JSON.writeValueAsBytes(config.put("_class_name", "DDPMScheduler")));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("it is DDPMScheduler, and this pipeline runs with UnCLIPScheduler only");
    }
}

package dev.weir.engine;

import static dev.weir.engine.ReferenceFile.requireClose;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.pipeline.StageSpec;
import dev.weir.engine.pipeline.Workflow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** Kandinsky 2.2: the trajectories of both diffusing stages, the embeddings and the picture, as diffusers recorded them. */
class KandinskyReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("kandinsky/io.safetensors");
    private static final Path FOLDER = ReferenceFile.path("kandinsky/pipeline");
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    private Path temporary;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("kandinsky/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        ModelParts parts = OPENED.of(engine, () -> ModelParts.of(FOLDER, engine));
        StageSpec prior = parts.model().pipeline().diffusing().get(0);
        Tensors given = encoded(parts.encoder(), json);
        Denoiser network = parts.network(prior);
        var shape = new LatentShape(network.inChannels(), 1, 1);
        var run = new StageRun(parts.model(), prior, network, shape, given, json);
        float[] embeddings = network.finished(run.end(TENSORS, "prior_recorded", name + "/prior/"));
        requireClose(embeddings, TENSORS.floats(name + "/embedding"), "embedding");
        decode(parts, given.with("latent", HostTensor.of(embeddings, embeddings.length, 1, 1)), json);
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
                        .map(branch -> branch.get(Tensors.IMAGE_EMBEDS).values())
                        .toList(),
                TENSORS,
                name + "/image_embeds");
        float[] latent = run.end(TENSORS, "recorded", name + "/");
        var made = parts.codec().decode(shape, List.of(latent)).get(0).orElseThrow();
        var expected =
                ImageIO.read(ReferenceFile.path("kandinsky/" + name + ".png").toFile());
        assertThat(Drawing.psnr(made, expected)).isGreaterThan(50);
    }

    /** The negative prompt is encoded where a stage is guided. */
    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        Prompt negative = json.get("negative_prompt").isNull()
                ? Prompt.absent(0)
                : Prompt.of(json.get("negative_prompt").asText());
        boolean isGuided = json.get("guidance_scale").asDouble() > 1
                || json.get("prior_guidance_scale").asDouble() > 1;
        var states = encoder.encode(List.of(Prompt.of(json.get("prompt").asText()), negative));
        Tensors cond = states.get(0).states().under("cond/");
        return isGuided ? cond.with(states.get(1).states().under("uncond/")) : cond;
    }

    @Test
    void theFolderThatDiffusersWritesForBothIsTheSameModel() throws IOException {
        Path combined = combined();
        ModelFolder two = ModelFolder.open(FOLDER);
        ModelFolder one = ModelFolder.open(combined);
        assertThat(one.pipeline().workflows()).hasSameSizeAs(two.pipeline().workflows());
        assertThat(fields(one)).isEqualTo(fields(two)).contains("negative_prompt", "prior_steps");
        assertThat(one.card().defaults()).isEqualTo(two.card().defaults());
        var target = new ComputeTarget("cpu", Precision.FP32);
        try (TextEncoder first = one.textEncoder(target);
                TextEncoder other = two.textEncoder(target)) {
            var absent = List.of(Prompt.absent(0));
            assertThat(image(first.encode(absent))).containsExactly(image(other.encode(absent)));
        }
    }

    private static List<String> fields(ModelFolder model) {
        Workflow workflow = model.pipeline().workflows().get(0);
        return workflow.fields().stream().map(field -> field.name()).toList();
    }

    private static float[] image(List<PromptStates> states) {
        return states.get(0).states().get(Tensors.IMAGE_EMBEDS).values();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unet|encoder_hid_dim|21|unet/config.json: the UNet takes [image_embeds], and not image_embeds of 20",
                "unet|in_channels|8|in_channels is 8, which does not fit 4 of the vae's latents",
                "unet|out_channels|4|out_channels is 4, which does not fit 8 of the vae's latents and 4 more",
                "prior/prior|embedding_dim|24|embedding_dim is 24, which does not fit 20 of the states of its text encoder",
                "prior/image_encoder|projection_dim|24|projection_dim is 24, which does not fit 20 of the prior's embedding",
                "movq|norm_type|\"batch\"|movq/config.json: VQModel: option norm_type",
            })
    void partsThatDoNotFitAreNamed(String part, String key, String value, String message) throws IOException {
        Path folder = temporary.resolve("changed");
        copy(FOLDER, folder);
        Path file = folder.resolve(part).resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        config.set(key, JSON.readTree(value));
        Files.write(file, JSON.writeValueAsBytes(config));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aDecoderWithoutItsPriorSaysWhereThePriorBelongs() throws IOException {
        Path folder = temporary.resolve("alone");
        copy(FOLDER, folder);
        Files.move(folder.resolve("prior"), temporary.resolve("elsewhere"));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("without its prior. Download kandinsky-community/kandinsky-2-2-prior into "
                        + folder + "/prior");
        assertThatThrownBy(() -> ModelFolder.open(temporary.resolve("elsewhere")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the prior of Kandinsky 2.2 alone");
    }

    /** As the combined pipeline's save_pretrained writes it. */
    private Path combined() throws IOException {
        Path folder = temporary.resolve("combined");
        ObjectNode index = JSON.createObjectNode().put("_class_name", "KandinskyV22CombinedPipeline");
        for (var source : List.of(FOLDER, FOLDER.resolve("prior"))) {
            String prefix = source.equals(FOLDER) ? "" : "prior_";
            for (var part :
                    JSON.readTree(source.resolve("model_index.json").toFile()).properties()) {
                if (part.getValue().isArray()) {
                    index.set(prefix + part.getKey(), part.getValue());
                    copy(source.resolve(part.getKey()), folder.resolve(prefix + part.getKey()));
                }
            }
        }
        Files.write(folder.resolve("model_index.json"), JSON.writeValueAsBytes(index));
        return folder;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path copy = to.resolve(from.relativize(file).toString());
                Files.createDirectories(Files.isDirectory(file) ? copy : copy.getParent());
                if (Files.isRegularFile(file)) {
                    Files.copy(file, copy);
                }
            }
        }
    }
}

package dev.weir.engine;

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
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Cascade and Wuerstchen: the trajectories of both diffusing stages and the picture, as diffusers recorded them. */
class PicturePriorReferenceTest {

    private static final Map<String, ReferenceFile> TENSORS = Stream.of("stable_cascade", "wuerstchen")
            .collect(Collectors.toMap(Function.identity(), family -> ReferenceFile.open(family + "/io.safetensors")));
    private static final ObjectMapper JSON = new ObjectMapper();

    @RegisterExtension
    static final Opened<ModelParts> OPENED = new Opened<>();

    @TempDir
    private Path temporary;

    static Stream<Arguments> pictures() {
        return TENSORS.keySet().stream().flatMap(family -> ReferenceCases.onEachEngine(family + "/cases.json")
                .map(of -> Arguments.of(family, of.get()[0], of.get()[1], of.get()[2])));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(String family, Engine engine, String name, JsonNode json)
            throws IOException {
        ReferenceFile tensors = TENSORS.get(family);
        ModelParts parts = OPENED.of(List.of(family, engine), () -> ModelParts.of(folder(family), engine));
        ModelFolder model = parts.model();
        List<StageSpec> stages = model.pipeline().diffusing();
        assertThat(stages).extracting(StageSpec::name).containsExactly("prior", "denoiser");
        int height = json.get("height").asInt();
        int width = json.get("width").asInt();
        Tensors given = encoded(parts.encoder(), json);
        var made = model.pipeline().type().made(model.priorChannels(stages.get(0)), height, width);
        Denoiser network = parts.network(stages.get(0));
        var run = new StageRun(model, stages.get(0), network, made, given, json);
        float[] end = network.finished(run.end(tensors, "prior_recorded", name + "/prior/"));
        given = given.with("latent", HostTensor.of(end, made.channels(), made.height(), made.width()));
        var shape = new LatentShape(4, height / 4, width / 4);
        float[] latent = new StageRun(model, stages.get(1), parts.network(stages.get(1)), shape, given, json)
                .end(tensors, "recorded", name + "/");
        Path expected = ReferenceFile.path(family).resolve(name + ".png");
        if (Files.exists(expected)) {
            var picture = parts.codec().decode(shape, List.of(latent)).get(0).orElseThrow();
            assertThat(Drawing.psnr(picture, ImageIO.read(expected.toFile()))).isGreaterThan(50);
        } else {
            assertThat(name).as("only one case has its picture").isNotEqualTo("text");
        }
    }

    private static Path folder(String family) {
        return ReferenceFile.path(family + "/pipeline");
    }

    private static Tensors encoded(TextEncoder encoder, JsonNode json) {
        String negative = json.get("negative_prompt").asText("");
        var states = encoder.states(List.of(json.get("prompt").asText(), negative));
        return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stable_cascade|decoder|effnet_in_channels|5|effnet_in_channels is 5, which does not fit 6 of what the prior makes",
                "stable_cascade|decoder|in_channels|8|option out_channels = 4 is not supported",
                "stable_cascade|decoder|clip_text_pooled_in_channels|24|is 24, which does not fit 20 of the embedding of the text encoder",
                "stable_cascade|prior/prior|clip_text_in_channels|24|is 24, which does not fit 20 of the states of its text encoder",
                "stable_cascade|prior/prior|switch_level|[true]|option switch_level = [true] is not supported",
                "stable_cascade|prior/prior|num_attention_heads|[5, 2]|option num_attention_heads",
                "stable_cascade|prior/prior|switch_level|null|samples of multiples of 2 pixels, which 3 of a picture's 128 are not",
                "stable_cascade|prior/prior|patch_size|2|samples of multiples of 2 pixels",
                "stable_cascade|decoder|patch_size|16|pictures of multiples of 256 pixels, which 128 are not",
                "stable_cascade|vqgan|latent_channels|5|in_channels is 4, which does not fit 5 of the latents of the vqgan",
                "wuerstchen|decoder|effnet_embd|5|effnet_embd is 5, which does not fit 6 of what the prior makes",
                "wuerstchen|decoder|clip_embd|24|clip_embd is 24, which does not fit 8 of the states of its text encoder",
                "wuerstchen|prior/prior|c_cond|24|c_cond is 24, which does not fit 12 of the states of its text encoder",
                "wuerstchen|prior/prior|nhead|5|option nhead = 5 is not supported",
                "wuerstchen|decoder|c_out|8|option c_out = 8 is not supported",
                "wuerstchen|decoder|nhead|[-1, -1, 2]|option nhead = [-1,-1,2] is not supported",
                "wuerstchen|decoder|level_config|['CT', 'TC', 'CTA']|this network takes levels that begin with C",
                "wuerstchen|decoder|level_config|['CT', 'CTX', 'CTA']|this network takes blocks of [A, C, T]",
                "wuerstchen|decoder|inject_effnet|[true]|option inject_effnet = [true] is not supported",
                "wuerstchen|decoder|patch_size|16|pictures of multiples of 256 pixels, which 128 are not",
                "wuerstchen|decoder|x_cat|4|option x_cat = 4 is not supported",
                "wuerstchen|vqgan|latent_channels|5|c_in is 4, which does not fit 5 of the latents of the vqgan",
            })
    void partsThatDoNotFitAreNamed(String family, String part, String key, String value, String message)
            throws IOException {
        Path folder = changed(family, part + "/config.json", key, JSON.readTree(value.replace("'", "\"")));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
    }

    /** A model with another value in one of its files. */
    private Path changed(String family, String name, String key, JsonNode value) throws IOException {
        Path folder = temporary.resolve("changed");
        TestModels.copy(folder(family), folder);
        Path file = folder.resolve(name);
        ObjectNode json = (ObjectNode) JSON.readTree(file.toFile());
        json.set(key, value);
        Files.write(file, JSON.writeValueAsBytes(json));
        return folder;
    }

    @ParameterizedTest
    @CsvSource({
        "stable_cascade, stabilityai/stable-cascade-prior, Stable Cascade, StableCascadeCombinedPipeline",
        "wuerstchen, warp-ai/wuerstchen-prior, Wuerstchen, WuerstchenCombinedPipeline"
    })
    void aDecoderWithoutItsPriorSaysWhereThePriorBelongs(
            String family, String repository, String name, String className) throws IOException {
        Path folder = temporary.resolve("alone");
        TestModels.copy(folder(family), folder);
        Files.move(folder.resolve("prior"), temporary.resolve("elsewhere"));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("without its prior. Download " + repository + " into " + folder + "/prior");
        assertThatThrownBy(() -> ModelFolder.open(temporary.resolve("elsewhere")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the prior of " + name + " alone");

        Path file = folder.resolve("model_index.json");
        ObjectNode index = (ObjectNode) JSON.readTree(file.toFile());
        index.put("_class_name", className);
        index.set("prior_tokenizer", JSON.readTree("[\"transformers\", \"CLIPTokenizer\"]"));
        index.set("prior_text_encoder", JSON.readTree("[\"transformers\", \"CLIPTextModel\"]"));
        index.set("prior_scheduler", index.get("scheduler"));
        index.set("prior_prior", index.get("decoder"));
        Files.write(file, JSON.writeValueAsBytes(index));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "without its prior. Get the whole folder again, with all that begins with prior_");
    }

    @ParameterizedTest
    @CsvSource({"stable_cascade, StableCascadeCombinedPipeline", "wuerstchen, WuerstchenCombinedPipeline"})
    void bothRepositoriesInOneAsDiffusersWritesThemRunToo(String family, String className) throws IOException {
        Path folder = temporary.resolve("one");
        TestModels.copy(folder(family), folder);
        Path file = folder.resolve("model_index.json");
        ObjectNode index = ((ObjectNode) JSON.readTree(file.toFile())).put("_class_name", className);
        index.remove("latent_dim_scale");
        for (Map.Entry<String, JsonNode> part :
                JSON.readTree(folder.resolve("prior/model_index.json").toFile()).properties()) {
            if (part.getValue().isArray()) {
                index.set("prior_" + part.getKey(), part.getValue());
            }
            Path home = folder.resolve("prior").resolve(part.getKey());
            if (Files.isDirectory(home)) {
                Files.move(home, folder.resolve("prior_" + part.getKey()));
            }
        }
        Files.write(file, JSON.writeValueAsBytes(index));
        assertThat(ModelFolder.open(folder).pipeline().diffusing())
                .extracting(StageSpec::network)
                .containsExactly("prior_prior", "decoder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scheduler", "prior/scheduler"})
    void anotherSchedulerIsRefused(String scheduler) throws IOException {
        Path folder = changed(
                "stable_cascade",
                scheduler + "/scheduler_config.json",
                "_class_name",
                JSON.getNodeFactory().textNode("DDPMScheduler"));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("it is DDPMScheduler, and this pipeline runs with DDPMWuerstchenScheduler only");
    }

    @ParameterizedTest
    @CsvSource({
        "stable_cascade, prior/, resolution_multiple",
        "wuerstchen, prior/, resolution_multiple",
        "wuerstchen, prior/, latent_mean",
        "wuerstchen, prior/, latent_std",
        "wuerstchen, '', latent_dim_scale"
    })
    void otherNumbersOfThePipelinesAreRefused(String family, String part, String key) throws IOException {
        Path folder = changed(
                family, part + "model_index.json", key, JSON.getNodeFactory().numberNode(32));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(key + " is 32");
    }
}

package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.pipeline.StageSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Stable Cascade: the trajectories of both diffusing stages and the picture, as diffusers recorded them. */
class StableCascadeReferenceTest {

    private static final ReferenceFile TENSORS = ReferenceFile.open("stable_cascade/io.safetensors");
    private static final Path FOLDER = ReferenceFile.path("stable_cascade/pipeline");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temporary;

    static Stream<Arguments> pictures() {
        return ReferenceCases.onEachEngine("stable_cascade/cases.json");
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("pictures")
    void aPictureAndItsWayAreTheReferences(Engine engine, String name, JsonNode json) throws IOException {
        var target = new ComputeTarget("cpu", Precision.FP32, engine);
        ModelFolder model = ModelFolder.open(FOLDER);
        List<StageSpec> stages = model.pipeline().diffusing();
        assertThat(stages).extracting(StageSpec::name).containsExactly("prior", "denoiser");
        int height = json.get("height").asInt();
        int width = json.get("width").asInt();
        Tensors given = encoded(model, target, json);
        var made = model.pipeline().type().made(model.priorChannels(stages.get(0)), height, width);
        try (Denoiser network = model.network(stages.get(0), target)) {
            var run = new StageRun(model, stages.get(0), network, made, given, json);
            float[] end = network.finished(run.end(TENSORS, "prior_recorded", name + "/prior/"));
            given = given.with("latent", HostTensor.of(end, made.channels(), made.height(), made.width()));
        }
        var shape = new LatentShape(4, height / 4, width / 4);
        float[] latent;
        try (Denoiser network = model.network(stages.get(1), target)) {
            latent = new StageRun(model, stages.get(1), network, shape, given, json)
                    .end(TENSORS, "recorded", name + "/");
        }
        Path expected = ReferenceFile.path("stable_cascade").resolve(name + ".png");
        if (Files.exists(expected)) {
            try (ImageCodec codec = model.imageCodec(target)) {
                var picture = codec.decode(shape, List.of(latent)).get(0).orElseThrow();
                assertThat(Drawing.psnr(picture, ImageIO.read(expected.toFile())))
                        .isGreaterThan(50);
            }
        } else {
            assertThat(name).as("only one case has its picture").isNotEqualTo("text");
        }
    }

    private static Tensors encoded(ModelFolder model, ComputeTarget target, JsonNode json) {
        String negative = json.get("negative_prompt").asText("");
        try (TextEncoder encoder = model.textEncoder(target)) {
            var states = encoder.states(List.of(json.get("prompt").asText(), negative));
            return states.get(0).under("cond/").with(states.get(1).under("uncond/"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "decoder|effnet_in_channels|5|effnet_in_channels is 5, which does not fit 6 of what the prior makes",
                "decoder|in_channels|8|option out_channels = 4 is not supported",
                "decoder|clip_text_pooled_in_channels|24|is 24, which does not fit 20 of the embedding of the text encoder",
                "prior/prior|clip_text_in_channels|24|is 24, which does not fit 20 of the states of its text encoder",
                "prior/prior|switch_level|[true]|option switch_level = [true] is not supported",
                "prior/prior|num_attention_heads|[5, 2]|option num_attention_heads",
                "prior/prior|switch_level|null|samples of multiples of 2 pixels, which 3 of a picture's 128 are not",
                "prior/prior|patch_size|2|samples of multiples of 2 pixels",
                "decoder|patch_size|16|pictures of multiples of 256 pixels, which 128 are not",
                "vqgan|latent_channels|5|in_channels is 4, which does not fit 5 of the latents of the vqgan",
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

    @Test
    void aDecoderWithoutItsPriorSaysWhereThePriorBelongs() throws IOException {
        Path folder = temporary.resolve("alone");
        TestModels.copy(FOLDER, folder);
        Files.move(folder.resolve("prior"), temporary.resolve("elsewhere"));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "without its prior. Download stabilityai/stable-cascade-prior into " + folder + "/prior");
        assertThatThrownBy(() -> ModelFolder.open(temporary.resolve("elsewhere")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the prior of Stable Cascade alone");

        Path file = folder.resolve("model_index.json");
        ObjectNode index = (ObjectNode) JSON.readTree(file.toFile());
        index.put("_class_name", "StableCascadeCombinedPipeline");
        for (String part : List.of("tokenizer", "text_encoder", "scheduler")) {
            index.set("prior_" + part, index.get(part));
        }
        index.set("prior_prior", index.get("decoder"));
        Files.write(file, JSON.writeValueAsBytes(index));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(
                        "without its prior. Get the whole folder again, with all that begins with prior_");
    }

    @ParameterizedTest
    @ValueSource(strings = {"scheduler", "prior/scheduler"})
    void anotherSchedulerIsRefused(String scheduler) throws IOException {
        Path folder = temporary.resolve("changed");
        TestModels.copy(FOLDER, folder);
        Path file = folder.resolve(scheduler).resolve("scheduler_config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        Files.write(file, JSON.writeValueAsBytes(config.put("_class_name", "DDPMScheduler")));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("it is DDPMScheduler, and this pipeline runs with DDPMWuerstchenScheduler only");
    }

    @Test
    void theSizeOfThePriorIsRefusedWhereItIsAnother() throws IOException {
        Path folder = temporary.resolve("changed");
        TestModels.copy(FOLDER, folder);
        Path file = folder.resolve("prior/model_index.json");
        ObjectNode index = (ObjectNode) JSON.readTree(file.toFile());
        Files.write(file, JSON.writeValueAsBytes(index.put("resolution_multiple", 32)));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("resolution_multiple is 32");
    }
}

package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.engine.ModelReport.Component;
import dev.weir.engine.weights.WeightType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelReportTest {

    @TempDir
    Path temporary;

    @ParameterizedTest
    @ValueSource(strings = {"sd1", "sd2", "default"})
    void aSoundFolderRuns(String checkpoint) {
        ModelReport report = ModelReport.inspect(TestModels.checkpoint(checkpoint));

        assertThat(report.components()).allSatisfy(c -> assertThat(c.problem()).isEmpty());
        assertThat(report.problem()).isEmpty();
        assertThat(report.runs()).isTrue();
    }

    @Test
    void weightsAreCounted() {
        ModelReport report = ModelReport.inspect(TestModels.DEFAULT_MODEL);

        Component unet = component(report, "unet");
        assertThat(unet.className()).isEqualTo("UNet2DConditionModel");
        assertThat(unet.parameters()).isBetween(11_000_000L, 12_000_000L);
        assertThat(unet.bytes()).isEqualTo(2 * unet.parameters());
        assertThat(unet.types()).containsExactly(WeightType.F16);
        assertThat(component(report, "tokenizer").parameters()).isZero();
        assertThat(report.runs()).isTrue();
    }

    @Test
    void anAddedTokenWithoutAnEmbeddingIsNamed() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.writeString(model.resolve("tokenizer/added_tokens.json"), "{\"<cat-toy>\": 626}");

        ModelReport report = ModelReport.inspect(model);

        assertThat(report.runs()).isFalse();
        assertThat(component(report, "tokenizer").problem().orElseThrow()).contains("'<cat-toy>'", "626", "0 to 625");
        assertThat(component(report, "text_encoder").problem()).isEmpty();
    }

    @Test
    void everyProblemIsToldAtItsComponent() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.delete(model.resolve("vae/diffusion_pytorch_model.safetensors"));
        Files.createFile(model.resolve("vae/diffusion_pytorch_model.bin"));
        Files.delete(model.resolve("tokenizer/merges.txt"));
        TestModels.edit(model.resolve("scheduler/scheduler_config.json"), "DDIMScheduler", "MagicScheduler");
        TestModels.edit(model.resolve("unet/config.json"), "\"layers_per_block\": 1", "\"layers_per_block\": 2");

        ModelReport report = ModelReport.inspect(model);

        assertThat(report.runs()).isFalse();
        assertThat(component(report, "text_encoder").problem()).isEmpty();
        assertThat(component(report, "vae").problem().orElseThrow()).contains("safetensors only");
        assertThat(component(report, "tokenizer").problem().orElseThrow()).contains("merges.txt");
        assertThat(component(report, "scheduler").problem().orElseThrow()).contains("MagicScheduler");
        assertThat(component(report, "unet").problem().orElseThrow()).contains("resnets.1");
        assertThat(component(report, "unet").parameters()).isPositive();
    }

    @Test
    void aPipelineOfAnotherFamilyIsToldByItsComponents() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.setComponent(model, "StableDiffusion3PAGPipeline", "text_encoder_2", "CLIPTextModelWithProjection");

        ModelReport report = ModelReport.inspect(model);

        assertThat(report.pipeline()).isEqualTo("StableDiffusion3PAGPipeline");
        assertThat(report.runs()).isFalse();
        assertThat(component(report, "text_encoder_2").problem().orElseThrow()).contains("CLIPTextModelWithProjection");
        assertThat(component(report, "unet").problem()).isEmpty();
    }

    @Test
    void whatIsMissingIsTold() throws IOException {
        Files.writeString(
                temporary.resolve("model_index.json"),
                """
                {"_class_name": "FluxFillPipeline", "transformer": ["diffusers", "FluxTransformer2DModel"],
                 "vae": ["diffusers", "AutoencoderKL"], "feature_extractor": [null, null]}""");

        ModelReport report = ModelReport.inspect(temporary);

        assertThat(component(report, "transformer").problem()).isPresent();
        assertThat(component(report, "unet").className()).isEmpty();
        assertThat(component(report, "unet").problem()).isPresent();
        assertThat(component(report, "vae").problem()).isPresent();
        assertThat(report.runs()).isFalse();
    }

    @Test
    void safetyCheckersAreNotNeeded() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.setComponent(model, "StableDiffusionPipeline", "safety_checker", "StableDiffusionSafetyChecker");

        ModelReport report = ModelReport.inspect(model);

        assertThat(component(report, "safety_checker").used()).isFalse();
        assertThat(report.runs()).isTrue();
        assertThat(ModelFolder.open(model).card().components()).doesNotContain("safety_checker");
    }

    @Test
    void partsThatDoNotFitAreAProblemOfTheWhole() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.writeString(model.resolve("weir.json"), "{\"size\": 1}");

        ModelReport report = ModelReport.inspect(model);

        assertThat(report.problem().orElseThrow()).contains("weir.json", "size");
        assertThat(report.runs()).isFalse();
    }

    @Test
    void aFolderThatIsNoModelIsAReportToo() {
        ModelReport report = ModelReport.inspect(temporary.resolve("none"));

        assertThat(report.components()).isEmpty();
        assertThat(report.problem().orElseThrow()).contains("model_index.json");
        assertThat(report.runs()).isFalse();
    }

    private static Component component(ModelReport report, String name) {
        return report.components().stream()
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}

package dev.weir.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFolderTest {

    private static final ComputeTarget CPU = new ComputeTarget("cpu", Precision.FP32);

    @TempDir
    Path temporary;

    @Test
    void theCardSaysWhatTheConfigurationsSay() {
        ModelCard card = ModelFolder.open(TestModels.checkpoint("sd1")).card();

        assertThat(card.id()).isEqualTo("sd1");
        assertThat(card.pipeline()).isEqualTo("StableDiffusionPipeline");
        assertThat(card.latentChannels()).isEqualTo(4);
        assertThat(ModelFolder.open(TestModels.checkpoint("sd1")).pipeline().diffusing())
                .hasSize(1);
        assertThat(card.upsampleFactor()).isEqualTo(1);
        assertThat(card.components()).containsExactly("tokenizer", "text_encoder", "unet", "scheduler", "vae");
        assertThat(card.defaults()).isEqualTo(new ModelCard.Defaults(20, 7.5f, "ddim", 0, 100));
    }

    @Test
    void sizesAreMultiplesOfTheAutoencodersFactor() {
        ModelCard card = ModelFolder.open(TestModels.DEFAULT_MODEL).card();

        assertThat(card.scale()).isEqualTo(8);
        assertThat(card.nativeSize()).isEqualTo(128);
        assertThat(card.sizeMultiple()).isEqualTo(8);
        assertThat(card.minSize()).isEqualTo(64);
        assertThat(card.maxSize()).isEqualTo(512);
        assertThat(card.defaults().guidanceScale()).isEqualTo(4);
    }

    /** diffusers' other blocks double a level's size, whatever it was on the way down. */
    @Test
    void blocksThatOnlyDoubleNeedSidesThatAreHalvedWhole() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        assertThat(ModelFolder.open(model).card().sizeMultiple()).isEqualTo(4);

        Path unet = model.resolve("unet/config.json");
        TestModels.edit(unet, "\"CrossAttnUpBlock2D\"", "\"SimpleCrossAttnUpBlock2D\"");

        assertThat(ModelFolder.open(model).card().sizeMultiple()).isEqualTo(16);
    }

    @Test
    void aCascadeHasAnUpsampler() {
        ModelCard card = ModelFolder.open(TestModels.checkpoint("default")).card();

        assertThat(ModelFolder.open(TestModels.checkpoint("default")).pipeline().diffusing())
                .hasSize(2);
        assertThat(card.upsampleFactor()).isEqualTo(2);
        assertThat(card.defaults().upsamplerSteps()).isEqualTo(8);
        assertThat(card.components()).endsWith("upsampler/unet", "upsampler/scheduler");
    }

    @Test
    void everyPartOpensByItself() {
        ModelFolder folder = ModelFolder.open(TestModels.checkpoint("default"));
        try (TextEncoder textEncoder = folder.textEncoder(CPU);
                Denoiser denoiser = folder.denoiser(CPU);
                Denoiser upsampler =
                        folder.network(folder.pipeline().diffusing().get(1), CPU);
                ImageCodec imageCodec = folder.imageCodec(CPU)) {
            HostTensor states =
                    textEncoder.states(List.of("a red apple")).get(0).get(Tensors.ENCODER_HIDDEN_STATES);
            assertThat(states.side(0)).isEqualTo(5);
            assertThat(denoiser.inputs())
                    .extracting(NetworkInput::name)
                    .containsExactly(Tensors.CONCAT, Tensors.ENCODER_HIDDEN_STATES);
            assertThat(denoiser.inputs().get(1).shape()).containsExactly(NetworkInput.ANY, states.side(1));
            assertThat(upsampler.inputs()).extracting(NetworkInput::name).contains(Tensors.CLASS_LABELS);
            assertThat(denoiser.inChannels()).isEqualTo(4);
            assertThat(upsampler.inChannels()).isEqualTo(8);
            assertThat(imageCodec.scale()).isEqualTo(folder.card().scale());
        }
        assertThat(folder.scheduler().className()).isEqualTo("DDIMScheduler");
        assertThat(folder.scheduler(folder.pipeline().diffusing().get(1)).className())
                .isEqualTo("DDIMScheduler");
    }

    @Test
    void aModelSaysItsOwnDefaults() throws IOException {
        Path model = TestModels.copy("default", temporary);
        Files.writeString(
                model.resolve("weir.json"),
                """
                {"id": "icons/small", "native_size": 96, "upsample_factor": 4,
                 "defaults": {"steps": 12, "guidance_scale": 3.5, "sampler": "dpmpp_2m", "upsampler_steps": 5,
                              "upsampler_noise_level": 30}}""");

        ModelCard card = ModelFolder.open(model).card();

        assertThat(card.id()).isEqualTo("icons/small");
        assertThat(card.nativeSize()).isEqualTo(96);
        assertThat(card.upsampleFactor()).isEqualTo(4);
        assertThat(card.defaults()).isEqualTo(new ModelCard.Defaults(12, 3.5f, "dpmpp_2m", 5, 30));
    }

    @Test
    void anUpsamplerMakesNoMoreStepsThanItsScheduleHas() throws IOException {
        Path model = TestModels.copy("default", temporary);
        Files.writeString(model.resolve("weir.json"), "{\"defaults\": {\"upsampler_steps\": 5000}}");

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("weir.json", "upsampler_steps: steps must be between 1 and", "not 5000");
    }

    @Test
    void aDraftIsNamedWhereItIsThere() throws IOException {
        Path model = TestModels.copy("default", temporary);
        Files.writeString(model.resolve("weir.json"), "{\"draft\": \"../quick\"}");
        assertThat(ModelFolder.open(model).draft()).isEmpty();

        Path draft = Files.createDirectory(model.resolveSibling("quick"));
        assertThat(ModelFolder.open(model).draft()).contains(draft);
        assertThat(ModelFolders.id(draft)).isEqualTo("quick");
        Files.writeString(draft.resolve("weir.json"), "{\"id\": \"in-four\"}");
        assertThat(ModelFolders.id(draft)).isEqualTo("in-four");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"steps\": 5} | steps is not one of",
                "{\"defaults\": {\"guidance\": 5}} | guidance is not one of",
                "{\"defaults\": {\"steps\": 0}} | steps is not between 1 and",
                "{\"defaults\": {\"steps\": \"many\"}} | steps is not between 1 and",
                "{\"defaults\": {\"guidance_scale\": -1}} | guidance_scale is not between",
                "{\"defaults\": {\"sampler\": \"magic\"}} | unknown sampler magic",
                "{\"defaults\": 20} | defaults is not an object",
                "{\"id\": \"\"} | id is not a name",
                "{\"native_size\": 1.5} | native_size is not between",
                "{\"native_size\": 101} | native_size is 101, which is no multiple of",
            })
    void wrongSettingsAreRefusedByName(String settings, String said) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Files.writeString(model.resolve("weir.json"), settings);

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("weir.json", said);
    }

    @ParameterizedTest
    @CsvSource({
        "unet, '\"in_channels\": 4', '\"in_channels\": 10', in_channels is 10",
        "unet, '\"cross_attention_dim\": 32', '\"cross_attention_dim\": 48', cross_attention_dim is 48",
        "unet, '\"sample_size\": 8', '\"sample_size\": null', sample_size is not a positive",
        "unet, '\"class_embed_type\": null', '\"class_embed_type\": \"identity\"', class_labels of [32]",
        "unet, '\"addition_embed_type\": null', '\"addition_embed_type\": \"text_image\"', text_embeds of [32]",
        "vae, '\"latent_channels\": 4', '\"latent_channels\": 16', 'in_channels is 4, which does not fit 16'",
    })
    void partsThatDoNotFitAreRefused(String component, String was, String becomes, String said) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.edit(model.resolve(component).resolve("config.json"), was, becomes);

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("config.json", said);
    }

    @Test
    void aVectorThatDoesNotFitTheUnetIsToldBeforeAnyRequest() throws IOException {
        Path model = TestModels.copy(ReferenceFile.path("sdxl"), temporary.resolve("sdxl"));
        TestModels.edit(
                model.resolve("text_encoder_2/config.json"), "\"projection_dim\": 20", "\"projection_dim\": 24");

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("unet", "text_embeds of [20]", "24 of text_encoder_2's vector");
    }

    @Test
    void aBrokenPartIsToldWithItsFolderAndTensor() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.edit(model.resolve("vae/config.json"), "\"layers_per_block\": 1", "\"layers_per_block\": 2");
        ModelFolder folder = ModelFolder.open(model);

        assertThatThrownBy(() -> folder.imageCodec(CPU))
                .hasMessageContainingAll(model.resolve("vae") + "", "resnets.2");

        Files.delete(model.resolve("unet/diffusion_pytorch_model.safetensors"));
        Files.createFile(model.resolve("unet/diffusion_pytorch_model.bin"));

        assertThatThrownBy(() -> folder.denoiser(CPU)).hasMessageContainingAll("unet", "safetensors only");
        assertThatThrownBy(() -> ModelFolder.open(model)).hasMessageContainingAll("unet", "safetensors only");
    }

    @ParameterizedTest
    @CsvSource({
        "StableDiffusion3PAGPipeline, text_encoder_2, CLIPTextModelWithProjection",
        "StableDiffusionXLPipeline, text_encoder_2, UMT5EncoderModel",
        "FluxFillPipeline, transformer, FluxTransformer2DModel",
        "StableDiffusionPipeline, unet, UNetSpatioTemporalConditionModel",
    })
    void otherPipelinesAreRefusedNamingTheComponent(String pipeline, String component, String className)
            throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.setComponent(model, pipeline, component, className);

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("model_index.json", pipeline + " is not supported", component, className);
    }

    @Test
    void theSchedulerOfTheModelIsItsDefaultOrItIsRefused() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.setComponent(model, "StableDiffusionPipeline", "scheduler", "DPMSolverSDEScheduler");

        assertThatThrownBy(() -> ModelFolder.open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("DPMSolverSDEScheduler is not available", "ddim", "--sampler", "weir.json");
        assertThat(ModelFolder.open(model, Optional.of("euler"))
                        .card()
                        .defaults()
                        .sampler())
                .isEqualTo("euler");
        assertThatThrownBy(() -> ModelFolder.open(model, Optional.of("dpmpp_sde")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("unknown sampler dpmpp_sde");
        Files.writeString(model.resolve("weir.json"), "{\"defaults\": {\"sampler\": \"dpmpp_2m\"}}");
        assertThat(ModelFolder.open(model).card().defaults().sampler()).isEqualTo("dpmpp_2m");
        assertThat(ModelReport.inspect(model).runs()).isTrue();
    }

    @Test
    void onlySamplersThatFitTheSchedulersFileAreOffered() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        TestModels.edit(
                model.resolve("scheduler/scheduler_config.json"),
                "\"skip_prk_steps\": true",
                "\"prediction_type\": \"sample\"");

        assertThat(ModelFolder.open(model, Optional.of("euler")).card().samplers())
                .contains("euler", "euler_karras", "ddim")
                .doesNotContain("pndm", "euler_ancestral", "flow_euler");
        assertThatThrownBy(() -> ModelFolder.open(model, Optional.of("pndm")))
                .hasMessageContainingAll("pndm is not available", "prediction_type", "euler_karras");
    }

    /** Null is the way out for a key that is unknown, and not for one that says something else than its default. */
    @Test
    void aKeyOfTheSchedulerIsSaidToBeSwitchedOffOnlyIfItIsUnknown() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path scheduler = model.resolve("scheduler/scheduler_config.json");
        TestModels.edit(scheduler, "\"skip_prk_steps\": true", "\"lunar\": 1");
        assertThatThrownBy(() -> ModelFolder.open(model)).hasMessageEndingWith("{\"scheduler\": {\"lunar\": null}}");

        TestModels.edit(scheduler, "\"lunar\": 1", "\"predict_epsilon\": false");
        assertThatThrownBy(() -> ModelFolder.open(model))
                .hasMessageContaining("predict_epsilon: unsupported value false")
                .hasMessageNotContaining("null");
    }

    @Test
    void anUpsamplersSchedulerIsJudgedToo() throws IOException {
        Path model = TestModels.copy("default", temporary);
        TestModels.edit(
                model.resolve("upsampler/scheduler/scheduler_config.json"), "DDIMScheduler", "DPMSolverSDEScheduler");

        assertThatThrownBy(() -> ModelFolder.open(model))
                .hasMessageContainingAll("upsampler", "DPMSolverSDEScheduler is not available");
        assertThat(ModelReport.inspect(model).runs()).isFalse();
    }

    /** As StableDiffusionPipeline corrects them. */
    @ParameterizedTest
    @CsvSource({"0.6.0, 32, 256", "0.8.1, 8, 256", "0.9.0, 32, 128", "0.0.4, 72, 288"})
    void sampleSizesOfOldFoldersAreCorrected(String version, int size, int pixels) throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        Path unet = model.resolve("unet/config.json");
        TestModels.edit(
                unet, "\"_diffusers_version\": \"0.35.2\"", "\"_diffusers_version\": \"%s\"".formatted(version));
        TestModels.edit(unet, "\"sample_size\": 8", "\"sample_size\": " + size);

        assertThat(ModelFolder.open(model).card().nativeSize()).isEqualTo(pixels);
    }

    @Test
    void aNetworkMayTakeTheGuidanceScaleItself() throws IOException {
        Path model = TestModels.copy("sd1", temporary);
        assertThat(embedsGuidance(model)).isFalse();

        TestModels.edit(
                model.resolve("unet/config.json"), "\"time_cond_proj_dim\": null", "\"time_cond_proj_dim\": 16");
        assertThat(embedsGuidance(model)).isTrue();
    }

    private static boolean embedsGuidance(Path model) {
        ModelFolder folder = ModelFolder.open(model);
        return folder.embedsGuidance(folder.pipeline().diffusing().get(0));
    }

    @Test
    void modelsAreListedByTheirIndex() throws IOException {
        TestModels.copy("sd2", temporary);
        TestModels.copy("sd1", temporary);
        Files.createDirectory(temporary.resolve("notes"));

        assertThat(ModelFolders.list(temporary)).containsExactly(temporary.resolve("sd1"), temporary.resolve("sd2"));
        assertThatThrownBy(() -> ModelFolders.list(temporary.resolve("none"))).isInstanceOf(ModelException.class);
    }

    @Test
    void aFolderWithoutAnIndexIsNoModel() {
        assertThatThrownBy(() -> ModelFolder.open(temporary))
                .isInstanceOf(ModelException.class)
                .hasMessageContainingAll("model_index.json", "no such file");
    }
}

package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.weir.gateway.job.Strength;
import dev.weir.proto.v1.Attachment;
import dev.weir.proto.v1.Field;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Workflow;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ComfyUI's templates for Flux.1 and Stable Diffusion 3. */
final class ComfyFlowsTest {

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        var status = TestGateway.status(StageKind.DENOISER);
        for (ModelCard card : List.of(
                TestCards.flow("flux1-dev", true, Set.of("guidance_scale")),
                TestCards.flow("flux1-schnell", true, Set.of()),
                TestCards.flow("sd3", false, Set.of("guidance_scale", "negative_prompt")),
                TestGateway.CARD.toBuilder()
                        .setId("pixels")
                        .clearSamplers()
                        .addSamplers(TestCards.sampler("ddpm"))
                        .build(),
                TestGateway.CARD.toBuilder()
                        .setId("classes")
                        .clearWorkflows()
                        .addWorkflows(TestCards.withoutText(needed("class_label"), needed("prompt")))
                        .build())) {
            status.addModels(ModelStatus.newBuilder()
                    .setId(card.getId())
                    .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                    .setCard(card));
        }
        gateway.directory.put(status.build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static Field needed(String name) {
        return Field.newBuilder().setName(name).setNeeded(true).build();
    }

    /** The checkpoint with all parts in one file, as in the templates for fp8. */
    private static JsonObject checkpoint(String model) {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", model + ".safetensors");
        inputs(graph, "3").put("scheduler", "simple").put("cfg", 1);
        graph.put("5", node("EmptySD3LatentImage", "width", 64, "height", 48, "batch_size", 1));
        inputs(graph, "6").put("text", "a red apple");
        graph.put("20", node("FluxGuidance", "conditioning", link("6", 0), "guidance", 2.5));
        inputs(graph, "3").put("positive", link("20", 0));
        return graph;
    }

    /** The template for flux1-dev with its parts in files of their own, and a sampler that is made of parts. */
    private static JsonObject custom() {
        JsonObject graph = new JsonObject()
                .put("12", node("UNETLoader", "unet_name", "flux1-dev.safetensors", "weight_dtype", "default"))
                .put("10", node("VAELoader", "vae_name", "flux1-dev"))
                .put("5", node("EmptyLatentImage", "width", 64, "height", 48, "batch_size", 2))
                .put("25", node("RandomNoise", "noise_seed", 219_670_278_747_233L))
                .put("16", node("KSamplerSelect", "sampler_name", "euler"))
                .put("26", node("FluxGuidance", "conditioning", link("6", 0), "guidance", 3))
                .put("22", node("BasicGuider", "model", link("30", 0), "conditioning", link("26", 0)))
                .put("8", node("VAEDecode", "samples", link("13", 0), "vae", link("10", 0)))
                .put("9", node("SaveImage", "filename_prefix", "ComfyUI", "images", link("8", 0)));
        graph.put("11", node("DualCLIPLoader", "clip_name1", "flux1-dev", "clip_name2", "flux1-dev", "type", "flux"));
        graph.put("6", node("CLIPTextEncode", "text", "a fox \\(red\\)", "clip", link("11", 0)));
        graph.put("30", node("ModelSamplingFlux", "max_shift", 1.15, "base_shift", 0.5, "width", 768, "height", 512));
        inputs(graph, "30").put("model", link("12", 0));
        graph.put("17", node("BasicScheduler", "scheduler", "simple", "steps", 20, "denoise", 1.0));
        inputs(graph, "17").put("model", link("30", 0));
        graph.put("13", node("SamplerCustomAdvanced", "noise", link("25", 0), "guider", link("22", 0)));
        inputs(graph, "13")
                .put("sampler", link("16", 0))
                .put("sigmas", link("17", 0))
                .put("latent_image", link("5", 0));
        return graph;
    }

    @Test
    void aCheckpointIsSampledByComfyuisLevelsAndGuidance() {
        Generation made = prompts.made(checkpoint("flux1-dev"));

        assertThat(made.getSampler()).isEqualTo("flow_euler");
        assertThat(made.getSchedule()).isEqualTo("comfyui_simple");
        assertThat(made.getGuidanceScale()).isEqualTo(2.5f);
        assertThat(made.hasNegativePrompt()).isFalse();
        assertThat(made.hasFlowTable()).isFalse();
        assertThat(made.getNoise()).startsWith("comfyui");
        assertThat(made.getHeight()).isEqualTo(48);
    }

    @ParameterizedTest
    @CsvSource({"flux1-dev,3.5", "flux1-schnell,1"})
    void aNetworkThatNoNodeTellsAScaleHasComfyuisOrNone(String model, float scale) {
        JsonObject graph = checkpoint(model);
        inputs(graph, "3").put("positive", link("6", 0));

        assertThat(prompts.made(graph).getGuidanceScale()).isEqualTo(scale);
    }

    /** What a class does not know counts nothing. */
    @Test
    void partsOfAModelAndOfASamplerAreOneRequest() {
        JsonObject graph = custom();
        inputs(graph, "22").put("cfg", 5).put("positive", "x");
        Task task = prompts.task(graph);
        Generation made = task.getGeneration();

        assertThat(made.getPrompt()).isEqualTo("a fox (red)");
        assertThat(made.getSeed()).isEqualTo(219_670_278_747_233L);
        assertThat(made.getSteps()).isEqualTo(20);
        assertThat(made.getGuidanceScale()).isEqualTo(3);
        double mu = 768 * 512 / 256.0 * (0.65 / 3840) + 0.5 - 0.65 / 3840 * 256;
        assertThat(made.getFlowTable().getShift()).isCloseTo(Math.exp(mu), within(1e-9));
        assertThat(made.getFlowTable().getLevels()).isEqualTo(10_000);
        assertThat(task.getRouteList())
                .filteredOn(stage -> stage.getName().equals("denoiser"))
                .allSatisfy(
                        stage -> assertThat(stage.getSampling().getFlowTable()).isEqualTo(made.getFlowTable()));
    }

    @Test
    void whatIsWrongIsSaidOfThePartThatSaysIt() {
        JsonObject graph = custom();
        inputs(graph, "16").put("sampler_name", "heun");
        prompts.refused(graph, "16", "sampler_name");
        inputs(graph, "16").put("sampler_name", "euler");
        inputs(graph, "17").put("scheduler", "normal");
        prompts.refused(graph, "17", "scheduler - euler has no schedule normal here");
        inputs(graph, "17").put("scheduler", "simple").put("steps", 51);
        prompts.refused(graph, "17", "steps");
        inputs(graph, "17").put("steps", 20);
        inputs(graph, "26").put("guidance", 60);
        prompts.refused(graph, "26", "guidance");
        inputs(graph, "26").put("guidance", 3);
        inputs(graph, "6").put("text", "embedding:good fox");
        prompts.refused(graph, "22", "conditioning - has embeddings");
        inputs(graph, "6").put("text", "a fox :) (");
        inputs(graph, "30").put("max_shift", 30);
        prompts.refused(graph, "30", "max_shift");
    }

    @Test
    void aNegativePromptIsForModelsThatTakeOne() {
        JsonObject graph = checkpoint("flux1-dev");
        inputs(graph, "3").put("cfg", 4);
        prompts.refused(graph, "3", "cfg - must be 1: flux1-dev takes no negative prompt");

        JsonObject sd3 = checkpoint("sd3");
        inputs(sd3, "3").put("cfg", 4.5).put("sampler_name", "dpmpp_2m").put("scheduler", "sgm_uniform");
        Generation made = prompts.made(sd3);

        assertThat(made.getSampler()).isEqualTo("flow_dpmpp_2m");
        assertThat(made.getSchedule()).isEqualTo("comfyui_sgm_uniform");
        assertThat(made.getGuidanceScale()).isEqualTo(4.5f);
        assertThat(made.getNegativePrompt())
                .isEqualTo(inputs(ComfyClient.template(), "7").getString("text"));
    }

    /** As in templates with {@code ConditioningZeroOut}. */
    @Test
    void aNegativePromptWithoutGuidanceIsNotLookedAt() {
        JsonObject graph = checkpoint("flux1-dev");
        graph.put("21", node("ConditioningZeroOut", "conditioning", link("6", 0)));
        inputs(graph, "3").put("negative", link("21", 0));
        assertThat(prompts.made(graph).hasNegativePrompt()).isFalse();
    }

    @Test
    void stableDiffusion3HasAShiftAndThreeTextEncoders() {
        JsonObject graph = checkpoint("sd3");
        graph.put("11", node("TripleCLIPLoader", "clip_name1", "sd3", "clip_name2", "sd3", "clip_name3", "sd3"));
        graph.put("6", node("CLIPTextEncodeSD3", "clip", link("11", 0), "clip_l", "a fox", "clip_g", "a fox"));
        inputs(graph, "6").put("t5xxl", "a fox").put("empty_padding", "none");
        graph.put("13", node("ModelSamplingSD3", "model", link("4", 0), "shift", 6));
        inputs(graph, "3").put("model", link("13", 0));
        Generation made = prompts.made(graph);

        assertThat(made.getPrompt()).isEqualTo("a fox");
        assertThat(made.getFlowTable().getShift()).isEqualTo(6);
        assertThat(made.getFlowTable().getLevels()).isEqualTo(1000);

        inputs(graph, "6").put("clip_g", "a dog");
        prompts.refused(graph, "6", "clip_g - must be the same as t5xxl");
        inputs(graph, "6").put("clip_g", "").put("clip_l", "").put("t5xxl", "");
        prompts.refused(graph, "6", "empty_padding - makes zeros");
        inputs(graph, "13").put("shift", 0);
        inputs(graph, "6").put("empty_padding", "empty_prompt");
        prompts.refused(graph, "13", "shift");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ModelSamplingSD3", "ModelSamplingFlux"})
    void aShiftIsForItsKindOfModel(String type) {
        boolean isOfFlux = type.equals("ModelSamplingFlux");
        JsonObject graph = checkpoint(isOfFlux ? "sd3" : "flux1-dev");
        graph.put("13", node(type, "model", link("4", 0), "shift", 3, "max_shift", 1.15, "base_shift", 0.5));
        inputs(graph, "13").put("width", 1024).put("height", 1024);
        inputs(graph, "3").put("model", link("13", 0));

        prompts.refused(graph, "13", isOfFlux ? "this shift is for Flux.1" : "this shift is for Stable Diffusion 3");
    }

    @Test
    void partsAreThoseOfServedModels() {
        JsonObject graph = custom();
        inputs(graph, "11").put("clip_name2", "t5xxl_fp16.safetensors");
        prompts.refused(graph, "11", "clip_name2: 't5xxl_fp16.safetensors' not in [");
        inputs(graph, "11").put("clip_name2", "flux1-schnell.sft");
        prompts.refused(graph, "11", "clip_name2 - 'flux1-schnell.sft' is of the checkpoint flux1-schnell");
        inputs(graph, "11").put("clip_name1", "sd3").put("clip_name2", "sd3");
        prompts.refused(graph, "11", "clip_name1 - 'sd3' is sd3, whose text encoders another node loads");
        inputs(graph, "11").put("clip_name1", "flux1-schnell").put("clip_name2", "flux1-schnell");
        prompts.refused(graph, "22", "is of the checkpoint flux1-schnell, and Weir uses the parts of one, flux1-dev");
        inputs(graph, "11").put("clip_name1", "flux1-dev").put("clip_name2", "flux1-dev");
        inputs(graph, "10").put("vae_name", "flux1-schnell");
        prompts.refused(graph, "8", "is of the checkpoint flux1-schnell");
        inputs(graph, "10").put("vae_name", "tiny");
        prompts.refused(graph, "10", "vae_name: 'tiny' not in [flux1-dev, flux1-schnell, sd3]");
    }

    /** Steps that a strength covers in part are done by these models, and ComfyUI has none of them. */
    @ParameterizedTest
    @CsvSource({"0.7,7", "0.5,7", "1,8", "0.3,1", "0.9,9"})
    void anImageIsChangedByTheLastSteps(double denoise, int steps) {
        ComfyClient.upload(
                gateway, "/upload/image", "a.png", ComfyPrompts.png(64, 48, BufferedImage.TYPE_INT_RGB), Map.of());
        JsonObject graph = ComfyPrompts.fromImage(checkpoint("flux1-dev"), "a.png");
        inputs(graph, "3").put("denoise", denoise).put("steps", steps);
        Generation made = prompts.made(graph);

        int all = (int) (steps / denoise);
        assertThat(made.getSteps()).isEqualTo(all);
        Workflow workflow = TestCards.flow("flux1-dev", true, Set.of()).getWorkflows(1);
        assertThat(Strength.of(made.getStrength(), workflow, Sampler.getDefaultInstance())
                        .of(all))
                .isEqualTo(steps);
    }

    @Test
    void aPartOfAnImageIsPaintedByASamplerOfParts() {
        ComfyClient.upload(
                gateway, "/upload/image", "a.png", ComfyPrompts.png(64, 48, BufferedImage.TYPE_INT_RGB), Map.of());
        JsonObject graph = custom();
        graph.put("40", node("LoadImage", "image", "a.png"));
        graph.put("41", node("VAEEncode", "pixels", link("40", 0), "vae", link("10", 0)));
        graph.put("42", node("LoadImageMask", "image", "a.png", "channel", "red"));
        graph.put("43", node("SetLatentNoiseMask", "samples", link("41", 0), "mask", link("42", 0)));
        inputs(graph, "13").put("latent_image", link("43", 0));
        inputs(graph, "17").put("denoise", 0.8);
        Generation made = prompts.made(graph);

        assertThat(made.getAttachmentsList()).extracting(Attachment::getName).contains("init_image", "mask");
        assertThat(made.getSteps()).isEqualTo(25);
        inputs(graph, "17").put("denoise", 0);
        prompts.refused(graph, "17", "denoise - leaves no step");
    }

    @Test
    void aSamplerOfTheOtherKindIsMadeOfPartsToo() {
        JsonObject graph = custom();
        graph.put("13", node("SamplerCustom", "model", link("30", 0), "add_noise", true, "noise_seed", 5, "cfg", 1));
        inputs(graph, "13")
                .put("positive", link("6", 0))
                .put("negative", link("6", 0))
                .put("sampler", link("16", 0))
                .put("sigmas", link("17", 0))
                .put("latent_image", link("5", 0));
        Generation made = prompts.made(graph);

        assertThat(made.getSeed()).isEqualTo(5);
        assertThat(made.getGuidanceScale()).isEqualTo(3.5f);
        inputs(graph, "13").put("add_noise", false);
        prompts.refused(graph, "13", "add_noise - only true is computed");
    }

    /** A guider with a scale compares with a negative prompt, whatever the model is. */
    @Test
    void modelsThatAreNoFlowsAreSampledByPartsToo() {
        JsonObject graph = custom();
        graph.put("12", node("CheckpointLoaderSimple", "ckpt_name", "tiny"));
        inputs(graph, "6").put("clip", link("12", 1));
        graph.put("7", node("CLIPTextEncode", "text", "grey", "clip", link("12", 1)));
        graph.put("22", node("CFGGuider", "model", link("12", 0), "positive", link("6", 0), "negative", link("7", 0)));
        inputs(graph, "22").put("cfg", 5);
        inputs(graph, "17").put("model", link("12", 0)).put("scheduler", "karras");
        inputs(graph, "8").put("vae", link("12", 2));
        for (String unused : List.of("10", "11", "26", "30")) {
            graph.remove(unused);
        }
        Generation made = prompts.made(graph);

        assertThat(made.getSampler()).isEqualTo("euler");
        assertThat(made.getNegativePrompt()).isEqualTo("grey");
        assertThat(made.getGuidanceScale()).isEqualTo(5);
        assertThat(made.getPromptSyntax()).isEqualTo("comfyui");
    }

    @Test
    void listsHaveTheModelsThatGraphsRun() {
        JsonObject info = new JsonObject(gateway.fetch("/object_info").body());

        assertThat(choices(info, "CheckpointLoaderSimple", "ckpt_name"))
                .containsExactlyInAnyOrder("tiny", "flux1-dev", "flux1-schnell", "sd3");
        for (String part : List.of("UNETLoader/unet_name", "VAELoader/vae_name")) {
            String[] names = part.split("/");
            assertThat(choices(info, names[0], names[1]))
                    .containsExactlyInAnyOrder("flux1-dev", "flux1-schnell", "sd3");
        }
        assertThat(choices(info, "DualCLIPLoader", "clip_name2"))
                .containsExactlyInAnyOrder("flux1-dev", "flux1-schnell");
        assertThat(choices(info, "TripleCLIPLoader", "clip_name3")).containsExactly("sd3");
        assertThat(choices(info, "KSamplerSelect", "sampler_name")).containsExactly("ddim", "dpmpp_2m", "euler", "lcm");
        assertThat(new JsonArray(gateway.fetch("/models/diffusion_models").body()))
                .contains("flux1-dev");
        assertThat(gateway.fetch("/models/checkpoints").body()).doesNotContain("pixels");
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", "pixels.safetensors");
        prompts.refused(graph, "4", "ckpt_name: 'pixels.safetensors' not in [");
    }

    private static JsonArray choices(JsonObject info, String type, String input) {
        return info.getJsonObject(type)
                .getJsonObject("input")
                .getJsonObject("required")
                .getJsonArray(input)
                .getJsonArray(0);
    }
}

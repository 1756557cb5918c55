package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** ComfyUI's templates for Z-Image and Z-Image-Turbo. */
final class ComfyZImageTest {

    private static final String MODEL = "z-image-turbo";
    private static final Map<String, String> FILES =
            Map.of("z_image_turbo_bf16", MODEL, "qwen_3_4b", MODEL, "ae", MODEL);

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway(TestGateway.CONFIG.withAliases(FILES));
        prompts = new ComfyPrompts(gateway);
        var status = TestGateway.status(StageKind.DENOISER);
        ModelCard other = card("sd3").build();
        ModelCard.Builder card = card(MODEL)
                .addLoras(Lora.newBuilder()
                        .setName("pixel_art")
                        .setFingerprint("abc")
                        .addStages("denoiser"));
        for (ModelCard each : List.of(other, TestCards.guidedFromPrompt(card.build()))) {
            status.addModels(ModelStatus.newBuilder()
                    .setId(each.getId())
                    .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                    .setCard(each));
        }
        gateway.directory.put(status.build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static ModelCard.Builder card(String id) {
        return TestCards.flow(id, false, Set.of("guidance_scale", "negative_prompt")).toBuilder()
                .addSamplers(TestCards.sampler("flow_res_multistep")
                        .addSchedules("comfyui_simple")
                        .setMostSteps(50));
    }

    /** {@code image_z_image_turbo}, whose sampler and loaders are in a subgraph, with a LoRA. */
    private static JsonObject template() {
        JsonObject graph = new JsonObject()
                .put("57:28", node("UNETLoader", "unet_name", "z_image_turbo_bf16.safetensors"))
                .put("57:30", node("CLIPLoader", "clip_name", "qwen_3_4b.safetensors", "type", "lumina2"))
                .put("57:29", node("VAELoader", "vae_name", "ae.safetensors"))
                .put("57:27", node("CLIPTextEncode", "text", "a (red:1.2) \\(old\\) hut", "clip", link("57:30", 0)))
                .put("57:33", node("ConditioningZeroOut", "conditioning", link("57:27", 0)))
                .put("57:13", node("EmptySD3LatentImage", "width", 64, "height", 48, "batch_size", 1))
                .put("57:20", node("LoraLoaderModelOnly", "model", link("57:28", 0), "strength_model", 0.8))
                .put("57:11", node("ModelSamplingAuraFlow", "model", link("57:20", 0), "shift", 3))
                .put("57:8", node("VAEDecode", "samples", link("57:3", 0), "vae", link("57:29", 0)))
                .put("9", node("SaveImage", "filename_prefix", "z-image", "images", link("57:8", 0)));
        inputs(graph, "57:28").put("weight_dtype", "default");
        inputs(graph, "57:30").put("device", "default");
        inputs(graph, "57:20").put("lora_name", "pixel_art.safetensors");
        graph.put("57:3", node("KSampler", "seed", 47_447_417_949_230L, "steps", 8, "cfg", 1, "denoise", 1));
        inputs(graph, "57:3")
                .put("sampler_name", "res_multistep")
                .put("scheduler", "simple")
                .put("model", link("57:11", 0))
                .put("positive", link("57:27", 0))
                .put("negative", link("57:33", 0))
                .put("latent_image", link("57:13", 0));
        return graph;
    }

    /** Its texts have no weights: brackets are text, with a backslash or without. */
    @Test
    void theTemplateRunsAsItIs() {
        Generation made = prompts.made(template());

        assertThat(made.getPrompt()).isEqualTo("a (red:1.2) (old) hut");
        assertThat(made.hasNegativePrompt()).isFalse();
        assertThat(made.getGuidanceScale()).isZero();
        assertThat(made.getSampler()).isEqualTo("flow_res_multistep");
        assertThat(made.getSchedule()).isEqualTo("comfyui_simple");
        assertThat(made.getSteps()).isEqualTo(8);
        assertThat(made.getFlowTable().getShift()).isEqualTo(3);
        assertThat(made.getFlowTable().getLevels()).isEqualTo(1000);
        assertThat(made.getSeed()).isEqualTo(47_447_417_949_230L);
        assertThat(made.getNoise()).startsWith("comfyui");
        assertThat(made.getLorasList()).singleElement().satisfies(lora -> {
            assertThat(lora.getName()).isEqualTo("pixel_art");
            assertThat(lora.getWeight()).isEqualTo(0.8f);
        });
    }

    /** ComfyUI counts from the negative prompt on, and the model from the prompt on. */
    @Test
    void theSlowModelIsGuidedByOneMoreThanItsOwnScale() {
        JsonObject graph = template();
        graph.put("7", node("CLIPTextEncode", "text", "", "clip", link("57:30", 0)));
        inputs(graph, "57:3").put("cfg", 4).put("sampler_name", "euler").put("negative", link("7", 0));
        graph.remove("57:11");
        inputs(graph, "57:3").put("model", link("57:28", 0));
        Generation made = prompts.made(graph);

        assertThat(made.getGuidanceScale()).isEqualTo(3);
        assertThat(made.getNegativePrompt()).isEmpty();
        assertThat(made.hasNegativePrompt()).isTrue();
        assertThat(made.hasFlowTable()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(doubles = {1.5, 2})
    void theModelsOwnScaleIsOneLess(double cfg) {
        JsonObject graph = template();
        inputs(graph, "57:3").put("cfg", cfg).put("negative", link("57:27", 0));

        assertThat(prompts.made(graph).getGuidanceScale()).isEqualTo((float) (cfg - 1));
    }

    @Test
    void zerosAreNotComparedWith() {
        JsonObject graph = template();
        inputs(graph, "57:3").put("cfg", 4);

        prompts.refused(graph, "57:3", "negative - zeros are not computed for " + MODEL);
    }

    /** The classes of other models would tell the network another time. */
    @ParameterizedTest
    @CsvSource({"ModelSamplingSD3,Stable Diffusion 3", "ModelSamplingFlux,Flux.1"})
    void aShiftIsForItsKindOfModel(String type, String kind) {
        JsonObject graph = template();
        graph.put("57:11", node(type, "model", link("57:20", 0), "shift", 3, "max_shift", 1.15, "base_shift", 0.5));
        inputs(graph, "57:11").put("width", 64).put("height", 64);
        prompts.refused(graph, "57:11", "model - is %s; this shift is for %s".formatted(MODEL, kind));

        graph.put("57:28", node("UNETLoader", "unet_name", "sd3", "weight_dtype", "default"));
        graph.put("57:11", node("ModelSamplingAuraFlow", "model", link("57:28", 0), "shift", 3));
        prompts.refused(graph, "57:11", "model - is sd3; this shift is for Z-Image");
    }

    @Test
    void itsTextEncoderIsLoadedAlone() {
        JsonObject info =
                new JsonObject(gateway.fetch("/object_info/CLIPLoader").body());
        JsonArray names = info.getJsonObject("CLIPLoader")
                .getJsonObject("input")
                .getJsonObject("required")
                .getJsonArray("clip_name")
                .getJsonArray(0);
        assertThat(names).containsExactlyInAnyOrder(MODEL, "z_image_turbo_bf16", "qwen_3_4b", "ae");

        JsonObject graph = template();
        inputs(graph, "57:30").put("clip_name", "sd3");
        prompts.refused(graph, "57:30", "clip_name - 'sd3' is sd3, whose text encoders another node loads");
        inputs(graph, "57:30").put("clip_name", "gemma_2_2b");
        prompts.refused(graph, "57:30", "clip_name: 'gemma_2_2b' not in [");
    }
}

package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** ComfyUI's templates with images, LoRAs and ControlNets. */
final class ComfyGraphsTest {

    private static final byte[] OPAQUE = ComfyPrompts.png(67, 40, BufferedImage.TYPE_INT_RGB);
    private static final byte[] TRANSPARENT = ComfyPrompts.png(67, 40, BufferedImage.TYPE_INT_ARGB);

    private TestGateway gateway;
    private ComfyPrompts prompts;

    @BeforeEach
    void open() {
        gateway = new TestGateway();
        prompts = new ComfyPrompts(gateway);
        Lora lora = Lora.newBuilder()
                .setName("pixel")
                .setFingerprint("abc")
                .addAllStages(List.of("text-encoder", "denoiser"))
                .build();
        ControlNet net = ControlNet.newBuilder()
                .setName("edges")
                .setFingerprint("abc")
                .setStage("denoiser")
                .build();
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("rich")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder()
                                .setId("rich")
                                .addSamplers(TestCards.sampler("dpmpp_2m")
                                        .addAllSchedules(List.of("karras", "comfyui_karras", "comfyui_simple")))
                                .addLoras(lora)
                                .addControlnets(net)))
                .build());
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private static JsonObject template() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "4").put("ckpt_name", "rich");
        return graph;
    }

    private JsonObject upload(String name, byte[] file, Map<String, String> fields) {
        HttpResponse<String> response = ComfyClient.upload(gateway, "/upload/image", name, file, fields);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new JsonObject(response.body());
    }

    /** The same graph that begins with an image. */
    private static JsonObject fromImage(String name) {
        JsonObject graph = ComfyPrompts.fromImage(template(), name);
        inputs(graph, "3").put("denoise", 0.87);
        return graph;
    }

    @Test
    void aSchedulerHasItsOwnLevelsWhereTheSamplerHasThem() {
        JsonObject graph = template();
        inputs(graph, "3").put("sampler_name", "dpmpp_2m").put("scheduler", "karras");
        assertThat(prompts.made(graph).getSchedule()).isEqualTo("comfyui_karras");

        inputs(graph, "3").put("scheduler", "ddim_uniform");
        prompts.refused(graph, "3", "scheduler - dpmpp_2m has no schedule ddim_uniform here");
    }

    /** Subgraphs and group nodes have workflows of their own. */
    @Test
    void theWorkflowOfAClientMayBeDeep() {
        JsonObject workflow = new JsonObject();
        for (int level = 0; level < 150; level++) {
            workflow = new JsonObject().put("nodes", workflow);
        }
        JsonObject extra = new JsonObject().put("extra_pnginfo", new JsonObject().put("workflow", workflow));

        HttpResponse<String> response = ComfyClient.post(
                gateway, "/prompt", new JsonObject().put("prompt", template()).put("extra_data", extra));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        await().until(() ->
                (gateway.fetch("/queue").body() + gateway.fetch("/history").body()).contains("{\"nodes\":{}}"));
    }

    @Test
    void anUploadHasTheNameThatItsAnswerSays() {
        assertThat(upload("../../outside.png", OPAQUE, Map.of()).getString("name"))
                .isEqualTo("outside.png");
        assertThat(gateway.fetch("/view?type=input&filename=outside.png").statusCode())
                .isEqualTo(200);
    }

    @Test
    void anImageIsDenoisedInTheLastStepsOfALongerSchedule() {
        assertThat(upload("a photo.png", OPAQUE, Map.of()))
                .isEqualTo(new JsonObject()
                        .put("name", "a photo.png")
                        .put("subfolder", "")
                        .put("type", "input"));
        JsonObject graph = fromImage("a photo.png");
        inputs(graph, "3").put("steps", 20);

        Generation made = prompts.made(graph);

        assertThat(made.getAttachmentsList()).extracting(file -> file.getName()).containsExactly("init_image");
        assertThat(made.getSteps()).as("as in ComfyUI: 20 / 0.87").isEqualTo(22);
        assertThat((int) (made.getSteps() * made.getStrength())).isEqualTo(20);
        assertThat(made.getWidth()).isEqualTo(64);
        assertThat(made.getHeight()).isEqualTo(40);
        assertThat(ComfyPrompts.steps(made.getInitResizing())).as("of 67x40").isEqualTo("1,0 64x40 -");
    }

    @Test
    void aStartStepLeavesTheRestOfTheSteps() {
        upload("photo.png", OPAQUE, Map.of());
        JsonObject graph = fromImage("photo.png");
        graph.put("12", node("RepeatLatentBatch", "samples", link("11", 0), "amount", 2));
        JsonObject inputs = inputs(graph, "3").copy();
        inputs.remove("denoise");
        Object seed = inputs.remove("seed");
        graph.put(
                "3",
                new JsonObject()
                        .put("class_type", "KSamplerAdvanced")
                        .put(
                                "inputs",
                                inputs.put("noise_seed", seed)
                                        .put("steps", 10)
                                        .put("add_noise", "enable")
                                        .put("start_at_step", 4)
                                        .put("end_at_step", 10_000)
                                        .put("return_with_leftover_noise", "disable")
                                        .put("latent_image", link("12", 0))));

        Generation made = prompts.made(graph);

        assertThat(made.getSteps()).isEqualTo(10);
        assertThat((int) (made.getSteps() * made.getStrength())).isEqualTo(6);
        await().until(() -> gateway.stage.sittings().size() == 2);
        inputs(graph, "3").put("end_at_step", 8);
        prompts.refused(graph, "3", "end_at_step");
    }

    @Test
    void theTransparentPartsOfAnImageArePaintedAnew() {
        upload("holes.png", TRANSPARENT, Map.of("subfolder", "clipspace"));
        JsonObject graph = fromImage("clipspace/holes.png [input]");
        graph.put(
                "11",
                node(
                        "VAEEncodeForInpaint",
                        "pixels",
                        link("10", 0),
                        "vae",
                        link("4", 2),
                        "mask",
                        link("10", 1),
                        "grow_mask_by",
                        6));
        inputs(graph, "3").put("denoise", 1);

        Generation made = prompts.made(graph);

        assertThat(made.getAttachmentsList()).extracting(file -> file.getName()).containsExactly("init_image", "mask");
        assertThat(made.getSteps()).isEqualTo(4);
        assertThat(made.getStrength()).isEqualTo(1);
    }

    @Test
    void aMaskIsPaintedOverAnImage() {
        upload("photo.png", OPAQUE, Map.of());
        JsonObject graph = fromImage("photo.png");
        graph.put("12", node("SetLatentNoiseMask", "samples", link("11", 0), "mask", link("10", 1)));
        inputs(graph, "3").put("latent_image", link("12", 0));
        prompts.refused(graph, "10", "no transparent parts");

        HttpResponse<String> painted = ComfyClient.upload(
                gateway,
                "/upload/mask",
                "mask.png",
                TRANSPARENT,
                Map.of("original_ref", "{\"filename\": \"photo.png\"}"));
        inputs(graph, "10").put("image", new JsonObject(painted.body()).getString("name"));
        Generation made = prompts.made(graph);

        assertThat(made.getAttachmentsList()).extracting(file -> file.getName()).containsExactly("init_image", "mask");
        assertThat(made.getAttachments(0).getSha256())
                .isNotEqualTo(made.getAttachments(1).getSha256());
    }

    @Test
    void aLoraHasAWeightForTheModelAndOneForClip() {
        JsonObject graph = template();
        graph.put(
                "10",
                node(
                        "LoraLoader",
                        "model",
                        link("4", 0),
                        "clip",
                        link("4", 1),
                        "lora_name",
                        "pixel.safetensors",
                        "strength_model",
                        0.8,
                        "strength_clip",
                        0.5));
        graph.put("11", node("CLIPSetLastLayer", "clip", link("10", 1), "stop_at_clip_layer", -2));
        inputs(graph, "3").put("model", link("10", 0));
        inputs(graph, "6").put("clip", link("11", 0));
        prompts.refused(graph, "3", "negative");
        inputs(graph, "7").put("clip", link("11", 0));

        Generation made = prompts.made(graph);

        assertThat(made.getLorasList())
                .extracting(use -> tuple(use.getName(), use.getWeight(), use.getStages(0)))
                .containsExactlyInAnyOrder(tuple("pixel", 0.8f, "denoiser"), tuple("pixel", 0.5f, "text-encoder"));
    }

    @Test
    void aControlNetSteersBothPrompts() {
        upload("edges.png", OPAQUE, Map.of());
        JsonObject graph = template();
        graph.put("10", node("LoadImage", "image", "edges.png"));
        graph.put("11", node("ControlNetLoader", "control_net_name", "edges.safetensors"));
        graph.put(
                "12",
                node(
                        "ControlNetApplyAdvanced",
                        "positive",
                        link("6", 0),
                        "negative",
                        link("7", 0),
                        "control_net",
                        link("11", 0),
                        "image",
                        link("10", 0),
                        "strength",
                        0.7,
                        "start_percent",
                        0.1,
                        "end_percent",
                        0.6));
        inputs(graph, "3").put("positive", link("12", 0));
        prompts.refused(graph, "3", "ControlNets");
        for (String zeroed : List.of("6", "12")) {
            graph.put("13", node("ConditioningZeroOut", "conditioning", link(zeroed, 0)));
            inputs(graph, "3")
                    .put("positive", link(zeroed.equals("6") ? "12" : "6", 0))
                    .put("negative", link("13", 0));
            prompts.refused(graph, "3", "negative - must have the ControlNets of the positive one");
        }
        inputs(graph, "3").put("positive", link("12", 0)).put("negative", link("12", 1));
        inputs(graph, "12").put("end_percent", 0.05);
        prompts.refused(graph, "12", "start_percent");
        inputs(graph, "12").put("end_percent", 0.6);

        Generation made = prompts.made(graph);

        assertThat(made.getControlsList())
                .extracting(control -> tuple(control.getNet().getName(), control.getScale(), control.getEnd()))
                .containsExactly(tuple("edges", 0.7f, 0.6));
        assertThat(ComfyPrompts.steps(made.getControls(0).getResizing()))
                .as("67x40 for 64x32")
                .isEqualTo("0,3 67x34 nearest-exact 64x32");
    }

    @Test
    void uploadsKeepTheirNamesAndBelongToTheirCallers() {
        upload("a.png", OPAQUE, Map.of());
        assertThat(upload("a.png", OPAQUE, Map.of()).getString("name")).isEqualTo("a.png");
        assertThat(upload("a.png", TRANSPARENT, Map.of()).getString("name")).isEqualTo("a (1).png");
        assertThat(upload("a.png", TRANSPARENT, Map.of("overwrite", "true")).getString("name"))
                .isEqualTo("a.png");
        assertThat(gateway.fetch("/view?filename=a.png&type=input").statusCode())
                .isEqualTo(200);
        assertThat(gateway.send(gateway.request("/view?filename=a.png&type=input")
                                .header("Authorization", "Bearer other")
                                .build())
                        .statusCode())
                .isEqualTo(404);
        assertThat(new JsonObject(gateway.fetch("/object_info/LoadImage").body()).encode())
                .contains("[[\"a (1).png\",\"a.png\"]");
        assertThat(ComfyClient.upload(gateway, "/api/upload/image", "text.png", new byte[] {1, 2}, Map.of())
                        .statusCode())
                .isEqualTo(400);
        assertThat(ComfyClient.post(gateway, "/upload/image", new JsonObject()).statusCode())
                .isEqualTo(415);
    }

    @Test
    void aMaskNamesItsImageAndItsFolder() {
        upload("a.png", OPAQUE, Map.of());
        upload("c", OPAQUE, Map.of("subfolder", "a.b"));
        assertThat(upload("c", TRANSPARENT, Map.of("subfolder", "a.b")))
                .isEqualTo(new JsonObject()
                        .put("name", "c (1)")
                        .put("subfolder", "a.b")
                        .put("type", "input"));
        assertThat(maskOver("{\"filename\": \"a.png\", \"subfolder\": null}")).isEqualTo(200);
        assertThat(maskOver("{\"filename\": \"c\", \"subfolder\": \"a.b\"}")).isEqualTo(200);
        assertThat(maskOver("{\"filename\": 5}")).isEqualTo(400);
        assertThat(maskOver("null")).isEqualTo(400);
        assertThat(maskOver("{}")).isEqualTo(400);
    }

    private int maskOver(String original) {
        return ComfyClient.upload(gateway, "/upload/mask", "m.png", TRANSPARENT, Map.of("original_ref", original))
                .statusCode();
    }
}

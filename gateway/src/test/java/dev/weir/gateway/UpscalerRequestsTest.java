package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.RefusedFile;
import dev.weir.proto.v1.Resizing;
import dev.weir.proto.v1.Size;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Upscaler;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that name an upscaler: Weir's and OpenAI's, and Automatic1111's. */
final class UpscalerRequestsTest {

    private static final Upscaler X4 = Upscaler.newBuilder()
            .setName("x4plus")
            .setFingerprint("abc")
            .setScale(4)
            .build();

    private final TestGateway gateway = new TestGateway();

    @BeforeEach
    void offer() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(AttachmentsTest.PHOTO);
        });
        put(X4);
    }

    private void put(Upscaler upscaler) {
        for (StageKind kind :
                List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            ModelCard card = status.getModels(0).getCard().toBuilder()
                    .addUpscalers(upscaler)
                    .addRefusedUpscalers(
                            RefusedFile.newBuilder().setName("swin").setProblem("no upscaler that Weir runs"))
                    .build();
            gateway.directory.put(
                    status.setModels(0, status.getModels(0).toBuilder().setCard(card))
                            .build());
        }
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return gateway.send(gateway.post(path, body.encode()));
    }

    private Task only() {
        assertThat(gateway.stage.sittings()).hasSize(1);
        return gateway.stage.sittings().get(0).task;
    }

    private static JsonObject prompt() {
        return new JsonObject().put("prompt", "a fox").put("size", "64x32").put("upscaler", "x4plus");
    }

    private static Resizing.Step byNetwork() {
        return Resizing.Step.newBuilder().setUpscaler("x4plus").build();
    }

    private static Resizing.Step lanczos(int width, int height) {
        return Resizing.Step.newBuilder()
                .setFilter("lanczos")
                .setSize(Size.newBuilder().setWidth(width).setHeight(height))
                .build();
    }

    @Test
    void thePictureOfAPromptIsEnlarged() {
        HttpResponse<String> response = gateway.generate(prompt());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Generation generation = only().getGeneration();
        assertThat(generation.getWidth()).isEqualTo(64);
        assertThat(generation.getUpscalersList()).containsExactly(X4);
        assertThat(generation.getFinishing().getStepsList()).containsExactly(byNetwork());
    }

    @Test
    void aJobSaysItsUpscaler() {
        HttpResponse<String> accepted = post("/v1/jobs", prompt());
        assertThat(accepted.statusCode()).as(accepted.body()).isEqualTo(202);
        String id = new JsonObject(accepted.body()).getString("id");

        await().untilAsserted(() -> {
            JsonObject job = new JsonObject(
                    gateway.send(gateway.request("/v1/jobs/" + id).build()).body());
            assertThat(job.getJsonObject("request").getString("upscaler")).isEqualTo("x4plus");
            assertThat(job.getString("status")).isEqualTo("completed");
        });
    }

    @Test
    void aPictureIsEnlargedWithoutAModelsNetworks() {
        HttpResponse<String> response = post(
                "/v1/images/upscales",
                new JsonObject()
                        .put("image", AttachmentsTest.photo())
                        .put("upscaler", "x4plus")
                        .put("output_format", "webp"));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getJsonArray("data")).hasSize(1);
        Task task = only();
        assertThat(task.getRouteList()).singleElement().satisfies(stage -> {
            assertThat(stage.getRole()).isEqualTo(StageRole.DECODE);
            assertThat(stage.getTakesList()).containsExactly("input/init_image");
        });
        assertThat(task.getGeneration().getResizing().getStepsList()).containsExactly(byNetwork());
        assertThat(task.getGeneration().getUpscalersList()).containsExactly(X4);
        assertThat(task.getGeneration().getOutputFormat()).isEqualTo("webp");
        assertThat(task.getGeneration().hasFinishing()).isFalse();
    }

    @Test
    void aModelThatBeginsWithTextAloneHasUpscalersToo() {
        for (StageKind kind : List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.DECODER)) {
            NodeStatus.Builder status = TestGateway.status(kind);
            ModelCard card = status.getModels(0).getCard().toBuilder()
                    .addUpscalers(X4)
                    .clearWorkflows()
                    .addWorkflows(status.getModels(0).getCard().getWorkflows(0))
                    .build();
            gateway.directory.put(
                    status.setModels(0, status.getModels(0).toBuilder().setCard(card))
                            .build());
        }

        for (JsonObject asked : List.of(enlargement(), enlargement().put("model", TestGateway.CARD.getId()))) {
            HttpResponse<String> response = post("/v1/images/upscales", asked);
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        }
    }

    private static JsonObject enlargement() {
        return new JsonObject().put("image", AttachmentsTest.photo()).put("upscaler", "x4plus");
    }

    @Test
    void aJobThatEnlargesSaysSo() {
        HttpResponse<String> response = gateway.send(gateway.request("/v1/images/upscales")
                .header("Idempotency-Key", "twice")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(enlargement().encode()))
                .build());

        JsonObject shown = new JsonObject(response.body()).getJsonObject("x_weir");
        assertThat(shown.getString("workflow")).isEqualTo("upscale");
        JsonObject job = new JsonObject(
                        gateway.send(gateway.request("/v1/jobs").build()).body())
                .getJsonArray("data")
                .getJsonObject(0);
        assertThat(job.getString("workflow")).isEqualTo("upscale");
        assertThat(job.getJsonObject("request").getMap())
                .containsOnly(
                        entry("model", TestGateway.CARD.getId()),
                        entry("upscaler", "x4plus"),
                        entry("output_format", "png"),
                        entry("output_compression", 100));
    }

    @Test
    void upscalesAreWeirsOwnWhateverOtherApisAreOff() {
        TestGateway alone = gateway.another(TestGateway.CONFIG.withApis(Set.of()));

        HttpResponse<String> refused = alone.send(alone.post("/v1/images/upscales", "{\"upscaler\": \"x4plus\"}"));

        assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
        assertThat(refused.body()).contains("image").contains("required");
        assertThat(alone.send(alone.post("/v1/images/generations", "{}")).statusCode())
                .isEqualTo(404);
        assertThat(new JsonObject(alone.fetch("/openapi.json").body())
                        .getJsonObject("paths")
                        .fieldNames())
                .contains("/v1/images/upscales", "/v1/jobs")
                .doesNotContain("/v1/images/generations", "/v1/images/edits", "/v1/images/variations");
    }

    @Test
    void whatCannotBeDoneIsRefusedByName() {
        requireRefused("/v1/images/generations", prompt().put("upscaler", "x8"), "no upscaler", "there are x4plus");
        requireRefused("/v1/images/generations", prompt().put("upscaler", "swin"), "no upscaler that Weir runs");
        requireRefused("/v1/images/upscales", new JsonObject().put("upscaler", "x4plus"), "image", "required");
        requireRefused(
                "/v1/images/upscales", new JsonObject().put("image", AttachmentsTest.photo()), "upscaler", "required");
        requireRefused(
                "/v1/images/upscales",
                new JsonObject()
                        .put("image", AttachmentsTest.photo())
                        .put("upscaler", "x4plus")
                        .put("strength", 0.5),
                "strength");
        put(X4.toBuilder().setScale(400).build());
        requireRefused("/v1/images/generations", prompt(), "1 of 25600x12800", "sides are at most 16383");
        put(X4.toBuilder().setScale(80).build());
        requireRefused("/v1/images/generations", prompt().put("n", 10), "10 of 5120x2560", "all of a request 33554432");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    private void requireRefused(String path, JsonObject asked, String... parts) {
        HttpResponse<String> response = post(path, asked);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(new JsonObject(response.body()).getJsonObject("error").getString("message"))
                .contains(parts);
    }

    @Test
    void modelsListTheUpscalersOfTheirNodes() {
        JsonObject models = new JsonObject(
                gateway.send(gateway.request("/v1/models").build()).body());
        assertThat(models.getJsonArray("data").getJsonObject(0).getJsonArray("upscalers"))
                .containsExactly("x4plus");
        JsonArray listed = new JsonArray(
                gateway.send(gateway.request("/sdapi/v1/upscalers").build()).body());
        assertThat(listed)
                .extracting(entry -> ((JsonObject) entry).getString("name"))
                .containsExactly("None", "Lanczos", "Nearest", "x4plus");
        assertThat(gateway.send(gateway.request("/models/upscale_models").build())
                        .body())
                .isEqualTo("[\"x4plus.safetensors\"]");
    }

    private static JsonObject enlarging(String from) {
        JsonObject graph = ComfyClient.template();
        graph.put("20", node("UpscaleModelLoader", "model_name", "x4plus.safetensors"));
        graph.put("21", node("ImageUpscaleWithModel", "upscale_model", link("20", 0), "image", link(from, 0)));
        graph.put("22", node("ImageScaleBy", "image", link("21", 0), "upscale_method", "bicubic", "scale_by", 0.5));
        return graph;
    }

    @Test
    void comfyUisGraphsEnlargeThePicturesOfASampler() {
        JsonObject graph = enlarging("8");
        inputs(graph, "9").put("images", link("22", 0));

        Generation made = new ComfyPrompts(gateway).made(graph);

        assertThat(made.getUpscalersList()).containsExactly(X4);
        assertThat(made.getFinishing().getStepsCount()).isEqualTo(2);
        assertThat(made.getFinishing().getSteps(0)).isEqualTo(byNetwork());
        assertThat(made.getFinishing().getSteps(1).getFilter()).isEqualTo("bicubic");
        assertThat(made.getFinishing().getSteps(1).getSize().getWidth()).isEqualTo(2 * made.getWidth());
    }

    @Test
    void aSamplerOfComfyUiBeginsWithEnlargedPictures() {
        JsonObject graph = enlarging("8");
        graph.remove("9");
        inputs(graph, "5").put("width", 32).put("height", 32);
        inputs(graph, "22").put("scale_by", 0.25);
        graph.put("23", node("VAEEncode", "pixels", link("22", 0), "vae", link("4", 2)));
        graph.put("24", graph.getJsonObject("3").copy());
        inputs(graph, "24").put("latent_image", link("23", 0)).put("denoise", 0.5);
        graph.put("25", node("VAEDecode", "samples", link("24", 0), "vae", link("4", 2)));
        graph.put("26", node("SaveImage", "filename_prefix", "large", "images", link("25", 0)));

        Generation first = new ComfyPrompts(gateway).made(graph);

        assertThat(first.getFinishing().getStepsList()).containsExactly(byNetwork());
        await().until(() -> gateway.stage.sittings().size() == 2);
        Generation second = gateway.stage.sittings().get(1).task.getGeneration();
        assertThat(second.hasFinishing()).isFalse();
        assertThat(ComfyPrompts.steps(second.getInitResizing())).isEqualTo("bicubic 32x32");

        graph.put("9", node("SaveImage", "filename_prefix", "small", "images", link("8", 0)));
        new ComfyPrompts(gateway).refused(graph, "24", "enlarged otherwise than those that are shown");
    }

    /** As {@code Upscaler.upscale} does it: again until the size is reached, then Lanczos to multiples of 8. */
    @Test
    void automatic1111sExtrasRunTheNetworkUntilTheSizeIsReached() {
        HttpResponse<String> response = post(
                "/sdapi/v1/extra-single-image",
                new JsonObject()
                        .put("image", AttachmentsTest.photo())
                        .put("upscaler_1", "x4plus")
                        .put("upscaling_resize", 5));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        Generation generation = only().getGeneration();
        assertThat(generation.getUpscalersList()).containsExactly(X4);
        assertThat(generation.getResizing().getStepsList()).hasSize(3);
        assertThat(generation.getResizing().getStepsList().subList(0, 2)).containsExactly(byNetwork(), byNetwork());
        assertThat(generation.getResizing().getSteps(2).getFilter()).isEqualTo("lanczos");
    }

    @Test
    void automatic1111sSecondPassBeginsWithAnEnlargedPicture() {
        HttpResponse<String> response = post(
                "/sdapi/v1/txt2img",
                new JsonObject()
                        .put("prompt", "a fox")
                        .put("steps", 6)
                        .put("width", 32)
                        .put("height", 32)
                        .put("enable_hr", true)
                        .put("hr_upscaler", "x4plus")
                        .put("denoising_strength", 0.5));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        List<Generation> passes = gateway.stage.sittings().stream()
                .map(sitting -> sitting.task.getGeneration())
                .toList();
        assertThat(passes.get(0).getFinishing().getStepsList()).containsExactly(byNetwork(), lanczos(64, 64));
        assertThat(passes.get(0).getUpscalersList()).containsExactly(X4);
        assertThat(passes.get(1).hasFinishing()).isFalse();
        assertThat(passes.get(1).getUpscalersList()).isEmpty();
        assertThat(passes.get(1).getWidth()).isEqualTo(64);
    }
}

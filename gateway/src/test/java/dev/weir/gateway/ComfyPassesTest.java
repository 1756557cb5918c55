package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Graphs of ComfyUI with samplers that follow one another. */
final class ComfyPassesTest {

    private static final byte[] WITH_LATENT = PngText.with(ComfyTest.PNG, PngText.LATENT, "numbers");

    @TempDir
    Path folder;

    private TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private static boolean isSecond(Sitting sitting) {
        return sitting.task.getGeneration().hasStrength();
    }

    /** Samples of a pass stay at their first step. */
    private void paint(Predicate<Sitting> stays) {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.step(1);
            if (!stays.test(sitting)) {
                sitting.step(2);
                sitting.finish(sitting.task.getGeneration().getKeepsLatent() ? WITH_LATENT : ComfyTest.PNG);
            }
        });
    }

    /** ComfyUI's template of two passes: both are saved. */
    private static JsonObject hires() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "5").put("width", 32).put("batch_size", 2);
        graph.put(
                "10",
                node(
                        "LatentUpscale",
                        "samples",
                        link("3", 0),
                        "upscale_method",
                        "bislerp",
                        "width",
                        64,
                        "height",
                        64,
                        "crop",
                        "center"));
        graph.put("11", graph.getJsonObject("3").copy());
        inputs(graph, "11").put("latent_image", link("10", 0)).put("steps", 14).put("denoise", 0.5);
        graph.put("13", node("VAEDecode", "samples", link("11", 0), "vae", link("4", 2)));
        graph.put("12", node("SaveImage", "filename_prefix", "hires", "images", link("13", 0)));
        return graph;
    }

    private HttpResponse<String> prompt(JsonObject graph) {
        return ComfyClient.prompt(gateway, graph, "me", "mine");
    }

    private JsonObject history() {
        return new JsonObject(gateway.fetch("/history").body());
    }

    private List<Generation> passes(boolean second) {
        return gateway.stage.sittings().stream()
                .filter(sitting -> isSecond(sitting) == second)
                .map(sitting -> sitting.task.getGeneration())
                .toList();
    }

    /** A graph that only shows the second pass. */
    private void refused(JsonObject graph, String node, String details) {
        graph.remove("9");
        HttpResponse<String> response = prompt(graph);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
        assertThat(errorOf(response, node)).contains(details);
    }

    private static String errorOf(HttpResponse<String> response, String node) {
        JsonObject errors =
                new JsonObject(response.body()).getJsonObject("node_errors").getJsonObject(node);
        assertThat(errors).as(response.body()).isNotNull();
        return errors.getJsonArray("errors").getJsonObject(0).getString("details");
    }

    @Test
    void theSecondSamplerBeginsWithTheLatentsOfTheFirst() {
        paint(sitting -> false);
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            HttpResponse<String> response = prompt(hires());
            assertThat(new JsonObject(response.body()).getJsonObject("node_errors"))
                    .as(response.body())
                    .isEqualTo(new JsonObject());
            client.awaitEnd("mine");

            assertThat(passes(false)).hasSize(2).allMatch(first -> first.getWidth() == 32 && first.getKeepsLatent());
            assertThat(passes(true)).hasSize(2).allSatisfy(second -> {
                assertThat(second.getLatentResize()).isEqualTo("bislerp");
                assertThat(second.getLatentCrop()).isTrue();
                assertThat(second.getWidth()).isEqualTo(64);
                assertThat(second.getHeight()).isEqualTo(64);
                assertThat(second.getSteps()).isEqualTo(28);
                assertThat((int) (second.getSteps() * second.getStrength())).isEqualTo(14);
                assertThat(second.getSeed()).isEqualTo(156_680_208_700_286L);
                assertThat(second.getKeepsLatent()).isFalse();
                assertThat(second.getAttachmentsList()).extracting("name").containsExactly("init_image");
            });
            assertThat(passes(true))
                    .as("one draw for the batch")
                    .extracting(Generation::getNoise)
                    .containsExactlyInAnyOrder("comfyui:0:2", "comfyui:1:2");
            assertThat(client.of("executing"))
                    .extracting(data -> data.getString("node"))
                    .containsExactly("4", "6", "7", "5", "3", "8", "9", "10", "11", "13", "12", null);
            assertThat(client.of("progress"))
                    .extracting(data -> tuple(data.getString("node"), data.getInteger("value"), data.getInteger("max")))
                    .startsWith(tuple("3", 1, 4))
                    .contains(tuple("3", 4, 4), tuple("11", 1, 14))
                    .endsWith(tuple("11", 14, 14));
            assertThat(client.of("execution_success")).hasSize(1);
            assertThat(client.of("status").stream()
                            .map(data -> data.getJsonObject("status")
                                    .getJsonObject("exec_info")
                                    .getInteger("queue_remaining"))
                            .distinct())
                    .containsExactly(0, 1);
        }
        assertThat(history().fieldNames()).containsExactly("mine");
        JsonObject outputs = history().getJsonObject("mine").getJsonObject("outputs");
        assertThat(outputs.fieldNames()).containsExactlyInAnyOrder("9", "12");
        for (String end : List.of("9", "12")) {
            List<JsonObject> images = new ArrayList<>();
            outputs.getJsonObject(end).getJsonArray("images").forEach(image -> images.add((JsonObject) image));
            assertThat(images).hasSize(2).doesNotHaveDuplicates();
            images.forEach(image -> assertThat(PngText.of(file(image)))
                    .as("without its latent")
                    .containsOnlyKeys("parameters", "prompt"));
        }
    }

    private byte[] file(JsonObject image) {
        return gateway.http()
                .sendAsync(gateway.request(ComfyTest.viewOf(image)).build(), BodyHandlers.ofByteArray())
                .join()
                .body();
    }

    @Test
    void aPreviewOfTheFirstPassIsSentWithoutItsLatent() {
        paint(sitting -> false);
        JsonObject graph = hires();
        graph.put("9", node("SaveImageWebsocket", "images", link("8", 0)));
        graph.remove("12");
        graph.put("12", node("SaveImageWebsocket", "images", link("13", 0)));
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            prompt(graph);
            client.awaitEnd("mine");
            await().until(() -> client.pictures.size() == 4);

            assertThat(client.pictures)
                    .allSatisfy(picture -> assertThat(PngText.of(picture.getBytes(8, picture.length())))
                            .containsOnlyKeys("parameters"));
        }
    }

    @Test
    void aGraphThatShowsOneOfTwoPassesRunsWhatThatNeeds() {
        paint(sitting -> false);
        JsonObject graph = hires();
        graph.remove("9");
        prompt(graph);
        await().until(() -> history().containsKey("mine"));
        assertThat(history().getJsonObject("mine").getJsonObject("outputs").fieldNames())
                .containsExactly("12");

        int before = gateway.stage.sittings().size();
        ComfyClient.post(
                gateway,
                "/prompt",
                new JsonObject()
                        .put("prompt", hires())
                        .put("prompt_id", "first")
                        .put("partial_execution_targets", List.of("9")));
        await().until(() -> history().containsKey("first"));
        assertThat(gateway.stage.sittings()).hasSize(before + 2);
        assertThat(passes(false).get(2).getKeepsLatent()).isFalse();
    }

    @Test
    void anInterruptedPassHasNoOtherAfterIt() {
        paint(sitting -> true);
        prompt(hires());
        await().until(() -> gateway.stage.sittings().size() == 2);
        interrupt();
        assertThat(passes(true)).isEmpty();
    }

    @Test
    void aSecondPassIsInterruptedWithAllItsJobs() {
        paint(ComfyPassesTest::isSecond);
        prompt(hires());
        await().until(() -> passes(true).size() == 2);
        interrupt();
        assertThat(history().getJsonObject("mine").getJsonObject("outputs").fieldNames())
                .as("what the first pass has saved")
                .containsExactly("9");
    }

    private void interrupt() {
        await().until(() -> new JsonObject(gateway.fetch("/queue").body())
                        .getJsonArray("queue_running")
                        .size()
                == 1);
        ComfyClient.post(gateway, "/interrupt", new JsonObject());
        await().until(() -> history().containsKey("mine"));
        JsonObject status = history().getJsonObject("mine").getJsonObject("status");
        assertThat(status.getBoolean("completed")).isFalse();
        assertThat(status.getJsonArray("messages").encode()).contains("execution_interrupted");
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
    }

    @Test
    void aFailureOfTheSecondPassNamesItsSampler() {
        gateway.stage.script(sitting -> {
            sitting.start();
            if (isSecond(sitting)) {
                sitting.fail("not_finite", false);
            } else {
                sitting.finish(WITH_LATENT);
            }
        });
        try (ComfyClient client = new ComfyClient(gateway.vertx, gateway.port(), "me")) {
            prompt(hires());
            client.awaitEnd("mine");

            assertThat(client.of("execution_error").get(0).getString("node_id")).isEqualTo("11");
        }
    }

    /** Halves are rounded to even, and a side has 64 pixels at least if the graph says it in pixels. */
    @Test
    void aLatentHasTheSizeOfComfyui() {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("wide")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder()
                                .setId("wide")
                                .clearWorkflows()
                                .addWorkflows(TestCards.textToImage(32, 64, 8, 64))
                                .addWorkflows(TestCards.imageToImage(8, 256, 8, 64))))
                .build());
        paint(sitting -> false);

        assertThat(sizeOf("LatentUpscale", 64, 40)).isEqualTo("64x64 bislerp");
        assertThat(sizeOf("LatentUpscale", 0, 0)).isEqualTo("32x40 nearest-exact");
        assertThat(sizeOf("LatentUpscale", 0, 120)).isEqualTo("96x120 bislerp");
        assertThat(sizeOf("LatentUpscale", 48, 0)).isEqualTo("64x80 bislerp");
        assertThat(sizeOf("LatentUpscaleBy", 1.5, 0)).isEqualTo("48x64 bislerp");
        assertThat(sizeOf("LatentUpscaleBy", 1.3, 0)).isEqualTo("40x48 bislerp");
        assertThat(sizeOf("KSampler", 0, 0)).isEqualTo("32x40 nearest-exact");
    }

    /** Of the second pass over 32x40. */
    private String sizeOf(String type, double one, int other) {
        JsonObject graph = hires();
        inputs(graph, "4").put("ckpt_name", "wide");
        inputs(graph, "5").put("height", 40).put("batch_size", 1);
        JsonObject resize = graph.getJsonObject("10").put("class_type", type);
        if (type.equals("KSampler")) {
            inputs(graph, "11").put("latent_image", link("3", 0));
        } else {
            resize.getJsonObject("inputs")
                    .put("scale_by", one)
                    .put("width", (int) one)
                    .put("height", other);
        }
        int before = passes(true).size();
        HttpResponse<String> response = ComfyClient.post(gateway, "/prompt", new JsonObject().put("prompt", graph));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        await().until(() -> passes(true).size() > before);
        Generation second = passes(true).get(before);
        return "%dx%d %s".formatted(second.getWidth(), second.getHeight(), second.getLatentResize());
    }

    @Test
    void whatIsNotComputedIsRefusedByItsNode() {
        JsonObject large = hires();
        inputs(large, "10").put("width", 128);
        refused(large, "10", "width - 128x64 cannot be made");
        JsonObject small = hires();
        inputs(small.put("10", small.getJsonObject("10").put("class_type", "LatentUpscaleBy")), "10")
                .put("scale_by", 0.01);
        refused(small, "10", "samples - becomes 0x0; sides are from 8 to 16384");
        JsonObject twice = hires();
        twice.put("14", twice.getJsonObject("10").copy());
        inputs(twice, "14").put("samples", link("10", 0));
        inputs(twice, "11").put("latent_image", link("14", 0));
        refused(twice, "14", "resized once");
        JsonObject more = hires();
        more.put("14", node("RepeatLatentBatch", "samples", link("10", 0), "amount", 2));
        inputs(more, "11").put("latent_image", link("14", 0));
        refused(more, "11", "4 images of the 2 before");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void ofSamplersThatDoNotFollowEachOtherTheFirstRuns() {
        paint(sitting -> false);
        JsonObject graph = hires();
        inputs(graph, "11").put("latent_image", link("5", 0)).put("denoise", 1);

        HttpResponse<String> response = prompt(graph);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(errorOf(response, "12")).contains("must follow one another");
        await().until(() -> history().containsKey("mine"));
        assertThat(gateway.stage.sittings()).hasSize(2);
    }

    @Test
    void anotherCheckpointIsRefused() {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("other")
                        .addAllStages(List.of("text-encoder", "denoiser", "decoder"))
                        .setCard(TestGateway.CARD.toBuilder().setId("other")))
                .build());
        JsonObject graph = hires();
        graph.remove("9");
        graph.put("20", graph.getJsonObject("4").copy());
        inputs(graph, "20").put("ckpt_name", "other");
        for (String text : List.of("6", "7")) {
            graph.put("2" + text, graph.getJsonObject(text).copy());
            inputs(graph, "2" + text).put("clip", link("20", 1));
        }
        inputs(graph, "11")
                .put("model", link("20", 0))
                .put("positive", link("26", 0))
                .put("negative", link("27", 0));
        refused(graph, "11", "latent_image - is of the checkpoint tiny");
    }

    @Test
    void aPromptIsAdmittedWithAllItsPasses() {
        gateway.close();
        TestKeys keys = new TestKeys(
                folder,
                "images-per-minute: 2, images-in-flight: 2, pixel-steps-per-day: " + 2 * (32 * 32 * 4 + 64 * 64 * 14));
        gateway = new TestGateway(keys.in(TestGateway.CONFIG));
        paint(sitting -> false);

        assertThat(prompt(hires(), keys).statusCode()).isEqualTo(200);

        await().until(() -> passes(true).size() == 2);
        await().until(() -> prompt(hires(), keys).body().contains("rate_limit_exceeded"));
    }

    private HttpResponse<String> prompt(JsonObject graph, TestKeys keys) {
        return gateway.send(gateway.request("/prompt")
                .header("Authorization", TestKeys.bearer(keys.anna))
                .POST(BodyPublishers.ofString(
                        new JsonObject().put("prompt", graph).encode()))
                .build());
    }
}

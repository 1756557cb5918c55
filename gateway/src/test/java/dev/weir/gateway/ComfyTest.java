package dev.weir.gateway;

import static dev.weir.gateway.ComfyClient.inputs;
import static dev.weir.gateway.ComfyClient.link;
import static dev.weir.gateway.ComfyClient.node;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.picture.PngText;
import dev.weir.proto.v1.Generation;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs that were written for ComfyUI. */
final class ComfyTest {

    static final byte[] PNG =
            PngText.with(ComfyPrompts.png(67, 40, BufferedImage.TYPE_INT_RGB), "parameters", "as the decoder says");

    private final TestGateway gateway = new TestGateway();

    @BeforeEach
    void paintsPngs() {
        gateway.stage.script(sitting -> {
            sitting.start();
            for (int step = 1; step <= 4; step++) {
                sitting.step(step);
            }
            sitting.finish(PNG);
        });
    }

    @AfterEach
    void close() {
        await().untilAsserted(() -> assertThat(gateway.isIdle()).isTrue());
        gateway.close();
    }

    private ComfyClient client(String name) {
        return new ComfyClient(gateway.vertx, gateway.port(), name);
    }

    private HttpResponse<String> post(String path, JsonObject body) {
        return ComfyClient.post(gateway, path, body);
    }

    private JsonObject get(String path) {
        return new JsonObject(gateway.fetch(path).body());
    }

    private Generation made() {
        await().until(() -> !gateway.stage.sittings().isEmpty());
        return gateway.stage.sittings().get(0).task.getGeneration();
    }

    static String viewOf(JsonObject image) {
        return "/view?filename=%s&subfolder=%s&type=%s"
                .formatted(
                        URLEncoder.encode(image.getString("filename"), StandardCharsets.UTF_8),
                        image.getString("subfolder"),
                        image.getString("type"));
    }

    @Test
    void theFirstTemplateRunsFromThePromptToThePicture() {
        try (ComfyClient client = client("me")) {
            HttpResponse<String> response = post(
                    "/prompt",
                    new JsonObject()
                            .put("prompt", ComfyClient.template())
                            .put("client_id", "me")
                            .put("prompt_id", "mine"));

            assertThat(new JsonObject(response.body()))
                    .isEqualTo(new JsonObject()
                            .put("prompt_id", "mine")
                            .put("number", 0)
                            .put("node_errors", new JsonObject()));
            client.awaitEnd("mine");
            assertThat(client.messages.get(0).getJsonObject("data").getString("sid"))
                    .isEqualTo("me");
            assertThat(client.of("executing"))
                    .extracting(data -> data.getString("node"))
                    .containsExactly("4", "6", "7", "5", "3", "8", "9", null);
            assertThat(client.of("progress"))
                    .extracting(data -> data.getInteger("value"))
                    .containsExactly(1, 2, 3, 4);
            assertThat(client.of("progress_state")
                            .get(0)
                            .getJsonObject("nodes")
                            .getJsonObject("3")
                            .getInteger("max"))
                    .isEqualTo(4);
            assertThat(client.messages)
                    .extracting(message -> message.getString("type"))
                    .containsSubsequence(
                            "status",
                            "execution_start",
                            "execution_cached",
                            "executing",
                            "progress",
                            "executed",
                            "execution_success",
                            "executing");

            JsonObject entry = get("/api/history/mine").getJsonObject("mine");
            assertThat(entry.getJsonObject("status").getString("status_str")).isEqualTo("success");
            assertThat(entry.getJsonArray("prompt").getJsonObject(2)).isEqualTo(ComfyClient.template());
            JsonObject output = entry.getJsonObject("outputs").getJsonObject("9");
            assertThat(client.of("executed").get(0).getJsonObject("output")).isEqualTo(output);
            JsonObject image = output.getJsonArray("images").getJsonObject(0);
            assertThat(image.getString("filename")).startsWith("ComfyUI_").endsWith("_00001_.png");
            assertThat(image.getString("type")).isEqualTo("output");
            assertThat(gateway.fetch(viewOf(image)).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void theGraphIsCompiledToARequest() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "3").put("seed", new BigInteger("18446744073709551615"));
        inputs(graph, "5").put("batch_size", "2");
        post("/prompt", new JsonObject().put("prompt", graph));

        Generation made = made();
        assertThat(made.getPrompt()).isEqualTo("a (red:1.2) apple");
        assertThat(made.getNegativePrompt()).isEqualTo("worms");
        assertThat(made.getPromptSyntax()).isEqualTo("comfyui");
        assertThat(made.getSteps()).isEqualTo(4);
        assertThat(made.getGuidanceScale()).isEqualTo(8);
        assertThat(made.getSampler()).isEqualTo("euler");
        assertThat(made.getSchedule()).isEqualTo("karras");
        assertThat(made.getWidth()).isEqualTo(64);
        assertThat(made.getHeight()).isEqualTo(32);
        assertThat(made.getSeed()).isEqualTo(-1);
        await().until(() -> gateway.stage.sittings().size() == 2);
        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getGeneration().getSeed()
                        + " "
                        + sitting.task.getGeneration().getNoise())
                .as("one draw from one seed")
                .containsExactlyInAnyOrder("-1 comfyui:0:2", "-1 comfyui:1:2");
    }

    @Test
    void aPictureHasItsGraph() {
        JsonObject workflow = new JsonObject().put("name", "größe");
        JsonObject extra = new JsonObject().put("workflow", workflow);
        for (int i = 0; i < 1000; i++) {
            extra.put("more" + i, i);
        }
        post(
                "/prompt",
                new JsonObject()
                        .put("prompt", ComfyClient.template())
                        .put("prompt_id", "mine")
                        .put("extra_data", new JsonObject().put("extra_pnginfo", extra)));
        await().until(() -> !get("/history/mine").isEmpty());
        JsonObject output = get("/history/mine")
                .getJsonObject("mine")
                .getJsonObject("outputs")
                .getJsonObject("9");

        Map<String, String> texts =
                PngText.of(bytes(viewOf(output.getJsonArray("images").getJsonObject(0))));

        assertThat(new JsonObject(texts.get("prompt"))).isEqualTo(ComfyClient.template());
        assertThat(new JsonObject(texts.get("workflow"))).isEqualTo(workflow);
        assertThat(texts)
                .containsEntry("parameters", "as the decoder says")
                .containsKey("more14")
                .hasSize(18);
    }

    private byte[] bytes(String path) {
        try {
            return gateway.http()
                    .send(gateway.request(path).build(), HttpResponse.BodyHandlers.ofByteArray())
                    .body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void theStepsOfABatchAreToldOnce() {
        JsonObject graph = ComfyClient.template();
        inputs(graph, "5").put("batch_size", 2);
        try (ComfyClient client = client("me")) {
            post(
                    "/prompt",
                    new JsonObject().put("prompt", graph).put("client_id", "me").put("prompt_id", "mine"));
            client.awaitEnd("mine");

            assertThat(client.of("progress"))
                    .extracting(data -> data.getInteger("value"))
                    .doesNotHaveDuplicates()
                    .isSorted()
                    .endsWith(4);
            assertThat(client.of("executed").get(0).getJsonObject("output").getJsonArray("images"))
                    .hasSize(2);
        }
    }

    @Test
    void framesAreBinaryMessagesInTheFormThatTheClientKnows() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.frame(1, TestStage.IMAGE);
            sitting.finish();
        });
        try (ComfyClient old = client("old");
                ComfyClient recent = client("new")) {
            TestGateway.get(recent.socket.writeTextMessage(
                    "{\"type\": \"feature_flags\", \"data\": {\"supports_preview_metadata\": true}}"));
            await().until(() -> !recent.of("feature_flags").isEmpty());
            for (String name : List.of("old", "new")) {
                post(
                        "/api/prompt",
                        new JsonObject()
                                .put("prompt", ComfyClient.template())
                                .put("client_id", name)
                                .put("prompt_id", "of " + name));
            }
            old.awaitEnd("of old");
            recent.awaitEnd("of new");

            Buffer plain = old.pictures.get(0);
            assertThat(plain.getInt(0)).isEqualTo(1);
            assertThat(plain.getInt(4)).isEqualTo(1);
            assertThat(plain.getBytes(8, plain.length())).isEqualTo(TestStage.IMAGE);
            Buffer described = recent.pictures.get(0);
            assertThat(described.getInt(0)).isEqualTo(4);
            int length = described.getInt(4);
            JsonObject metadata = new JsonObject(described.getBuffer(8, 8 + length));
            assertThat(metadata.getString("node_id")).isEqualTo("3");
            assertThat(metadata.getString("image_type")).isEqualTo("image/jpeg");
            assertThat(described.getBytes(8 + length, described.length())).isEqualTo(TestStage.IMAGE);
        }
    }

    @Test
    void aNodeCanSendItsPicturesOverTheSocket() {
        JsonObject graph = ComfyClient.template();
        graph.put("9", node("SaveImageWebsocket").put("inputs", new JsonObject().put("images", link("8", 0))));
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish();
        });
        try (ComfyClient client = client("me")) {
            post(
                    "/prompt",
                    new JsonObject().put("prompt", graph).put("client_id", "me").put("prompt_id", "mine"));
            client.awaitEnd("mine");

            Buffer picture = client.pictures.get(0);
            assertThat(picture.getInt(4)).isEqualTo(2);
            assertThat(picture.getBytes(8, picture.length())).isEqualTo(TestStage.IMAGE);
        }
    }

    @Test
    void thePromptsOfACallerWaitRunAndAreStopped() {
        gateway.stage.script(sitting -> {});
        try (ComfyClient client = client("me")) {
            JsonObject asked =
                    new JsonObject().put("prompt", ComfyClient.template()).put("client_id", "me");
            post("/prompt", asked.copy().put("prompt_id", "first"));
            await().until(() -> gateway.stage.sittings().size() == 1);
            gateway.stage.sittings().get(0).start();
            await().until(() -> !client.of("execution_start").isEmpty());
            post("/prompt", asked.copy().put("prompt_id", "second"));

            JsonObject queue = get("/queue");
            assertThat(queue.getJsonArray("queue_running").getJsonArray(0).getString(1))
                    .isEqualTo("first");
            JsonArray pending = queue.getJsonArray("queue_pending").getJsonArray(0);
            assertThat(pending.getString(1)).isEqualTo("second");
            assertThat(pending.getJsonArray(4)).containsExactly("9");
            assertThat(get("/prompt").getJsonObject("exec_info").getInteger("queue_remaining"))
                    .isEqualTo(2);
            assertThat(get("/history")).isEqualTo(new JsonObject());

            post("/queue", new JsonObject().put("delete", new JsonArray().add("second")));
            await().until(() -> get("/queue").getJsonArray("queue_pending").isEmpty());
            assertThat(gateway.send(gateway.request("/interrupt")
                                    .POST(BodyPublishers.noBody())
                                    .build())
                            .statusCode())
                    .isEqualTo(200);
            client.awaitEnd("first");

            assertThat(client.of("execution_interrupted").get(0).getString("node_type"))
                    .isEqualTo("KSampler");
            assertThat(get("/history").fieldNames()).containsExactly("first");
            assertThat(get("/history?max_items=-1").fieldNames()).containsExactly("first");
            assertThat(get("/history?max_items=0").fieldNames()).isEmpty();
            assertThat(client.of("status"))
                    .extracting(data -> data.getJsonObject("status")
                            .getJsonObject("exec_info")
                            .getInteger("queue_remaining"))
                    .startsWith(0, 1)
                    .endsWith(0);
            post("/history", new JsonObject().put("clear", true));
            assertThat(get("/history")).isEqualTo(new JsonObject());
        }
    }

    @Test
    void aFailureIsAnErrorOfTheSampler() {
        gateway.stage.script(sitting -> sitting.fail("not_finite", false));
        try (ComfyClient client = client("me")) {
            post(
                    "/prompt",
                    new JsonObject()
                            .put("prompt", ComfyClient.template())
                            .put("client_id", "me")
                            .put("prompt_id", "mine"));
            client.awaitEnd("mine");

            JsonObject error = client.of("execution_error").get(0);
            assertThat(error.getString("node_id")).isEqualTo("3");
            assertThat(error.getString("exception_message")).contains("not_finite");
            assertThat(error.getJsonArray("executed")).containsExactly("4", "6", "7", "5");
            JsonObject status = get("/history/mine").getJsonObject("mine").getJsonObject("status");
            assertThat(status.getString("status_str")).isEqualTo("error");
            assertThat(status.getJsonArray("messages").getJsonArray(0).getString(0))
                    .isEqualTo("execution_start");
        }
    }
}

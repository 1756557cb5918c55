package dev.weir.gateway;

import static dev.weir.gateway.TestKeys.bearer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.http.MetricsGuard;
import dev.weir.gateway.user.Keys;
import dev.weir.gateway.user.KeysFile;
import dev.weir.gateway.user.Users;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.ops.OpsServer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is open with a key that is removed from the file, or replaced there. */
final class RemovedKeyTest {

    private static final JsonObject APPLE = new JsonObject().put("prompt", "an apple");

    @TempDir
    Path folder;

    private TestKeys keys;
    private TestGateway gateway;
    /** Vert.x closes a client that nothing refers to any more. */
    private WebSocketClient sockets;

    @BeforeEach
    void start() {
        keys = new TestKeys(folder);
        gateway = new TestGateway(keys.in(TestGateway.CONFIG));
        sockets = gateway.vertx.createWebSocketClient();
        gateway.stage.script(TestStage.Sitting::start);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpRequest.Builder request(String path, String key) {
        return gateway.request(path).header("Authorization", bearer(key)).header("Content-Type", "application/json");
    }

    private CompletableFuture<HttpResponse<String>> stream(String path, JsonObject body) {
        return gateway.http()
                .sendAsync(
                        request(path, keys.anna)
                                .POST(BodyPublishers.ofString(body.encode()))
                                .build(),
                        BodyHandlers.ofString());
    }

    private WebSocket socket(String path, String key, List<JsonObject> told) {
        WebSocket socket = TestGateway.get(sockets.connect(new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(gateway.port())
                .setURI(path)
                .putHeader("Authorization", bearer(key))));
        socket.textMessageHandler(text -> told.add(new JsonObject(text)));
        return socket;
    }

    private void awaitRunning(int samples) {
        await().until(() -> gateway.stage.sittings().size() == samples);
    }

    private void removeAnna() {
        keys.write(TestKeys.entry("bob", keys.bob, ""));
    }

    private static JsonObject generate(String id) {
        return APPLE.copy().put("type", "generate").put("id", id);
    }

    @Test
    void aSocketIsToldWhyAndEndsWithItsJobsAndOthersGoOn() {
        List<JsonObject> told = new CopyOnWriteArrayList<>();
        List<JsonObject> bobs = new CopyOnWriteArrayList<>();
        WebSocket anna = socket("/v1/stream", keys.anna, told);
        WebSocket bob = socket("/v1/stream", keys.bob, bobs);
        TestGateway.get(anna.writeTextMessage(generate("hers").encode()));
        TestGateway.get(bob.writeTextMessage(generate("his").encode()));
        awaitRunning(2);

        removeAnna();

        await().until(anna::isClosed);
        assertThat(anna.closeStatusCode()).isEqualTo((short) 4401);
        JsonObject last = told.get(told.size() - 1);
        assertThat(last.getString("type")).isEqualTo("error");
        assertThat(last.getJsonObject("error").getString("code")).isEqualTo("invalid_api_key");
        await().until(() -> gateway.cancels.size() == 1);
        assertThat(bob.isClosed()).isFalse();
        assertThat(bobs).noneMatch(event -> event.getString("type").equals("error"));
    }

    @Test
    void aKeyThatIsReplacedEndsWhatTheOldOneOpened() {
        WebSocket old = socket("/v1/stream", keys.anna, new CopyOnWriteArrayList<>());
        String renewed = Keys.random();

        keys.write(TestKeys.entry("anna", renewed, "") + TestKeys.entry("bob", keys.bob, ""));

        await().until(old::isClosed);
        List<JsonObject> told = new CopyOnWriteArrayList<>();
        WebSocket again = socket("/v1/stream", renewed, told);
        TestGateway.get(again.writeTextMessage(generate("a").encode()));
        awaitRunning(1);
        keys.write(TestKeys.entry("anna", renewed, "weight: 2"));
        await().until(() ->
                gateway.send(request("/v1/models", keys.bob).build()).statusCode() == 401);
        assertThat(again.isClosed()).isFalse();
    }

    @Test
    void aSocketOfComfyUiCloses() {
        WebSocket anna = socket("/ws?clientId=a", keys.anna, new CopyOnWriteArrayList<>());

        removeAnna();

        await().until(anna::isClosed);
        assertThat(anna.closeStatusCode()).isEqualTo((short) 4401);
        assertThat(anna.closeReason()).contains("not valid any more");
    }

    @Test
    void streamsOfTheImagesAndResponsesApisFailAndTheirJobsAreCancelled() throws Exception {
        JsonObject tools = new JsonObject()
                .put("model", "gpt-5")
                .put("input", "an apple")
                .put("stream", true)
                .put("tools", new JsonArray().add(new JsonObject().put("type", "image_generation")));
        var images = stream("/v1/images/generations", APPLE.copy().put("stream", true));
        var responses = stream("/v1/responses", tools);
        awaitRunning(2);

        removeAnna();

        assertThat(images.get().body()).contains("event: error").contains("\"code\":\"invalid_api_key\"");
        assertThat(responses.get().body()).contains("event: response.failed").contains("not valid any more");
        await().until(() -> gateway.cancels.size() == 2);
    }

    @ParameterizedTest
    @CsvSource({
        "/v1/images/generations,'{\"prompt\": \"an apple\"}',error",
        "/v1/responses,'{\"model\": \"gpt-5\", \"input\": \"an apple\", \"tools\": [{\"type\": \"image_generation\"}]}',error",
        "/sdapi/v1/txt2img,'{\"prompt\": \"an apple\"}',error",
        "/models/tiny,'{\"inputs\": \"an apple\"}',error"
    })
    void aRequestThatWaitsForOneAnswerIsRefusedAndItsJobIsCancelled(String path, String body, String field)
            throws Exception {
        var answer = stream(path, new JsonObject(body));
        awaitRunning(1);

        removeAnna();

        assertThat(answer.get().statusCode()).isEqualTo(401);
        assertThat(new JsonObject(answer.get().body()).containsKey(field)).isTrue();
        assertThat(answer.get().body()).contains("not valid any more");
        await().until(() -> gateway.cancels.size() == 1);
        await().until(gateway::isIdle);
    }

    @Test
    void aPredictionGoesOnWithoutTheKeyOfTheClientThatWaits() throws Exception {
        var answer = gateway.http()
                .sendAsync(
                        request("/v1/predictions", keys.anna)
                                .header("Prefer", "wait")
                                .POST(BodyPublishers.ofString(
                                        "{\"version\": \"tiny\", \"input\": {\"prompt\": \"an apple\"}}"))
                                .build(),
                        BodyHandlers.ofString());
        awaitRunning(1);

        removeAnna();

        assertThat(answer.get().statusCode()).isEqualTo(401);
        assertThat(answer.get().body()).contains("\"detail\"");
        gateway.stage.sittings().get(0).finish(new byte[] {1});
        await().until(gateway::isIdle);
        assertThat(gateway.cancels).isEmpty();
    }

    @Test
    void theEventsOfAJobEndAndTheJobGoesOn() throws Exception {
        JsonObject job = new JsonObject(stream("/v1/jobs", APPLE).get().body());
        var events = gateway.http()
                .sendAsync(request(job.getString("events_url"), keys.anna).build(), BodyHandlers.ofString());
        awaitRunning(1);
        await().until(() -> gateway.ask(jobs -> gateway.watchers(job.getString("id"))) == 1);

        removeAnna();

        assertThat(events.get().body()).contains("event: error").contains("\"code\":\"invalid_api_key\"");
        gateway.stage.sittings().get(0).finish(new byte[] {1});
        await().until(gateway::isIdle);
        assertThat(gateway.cancels).isEmpty();
    }

    @Test
    void metricsOfANodeWithoutAGatewayNeedAKeyWhereThereAreKeys() throws Exception {
        Path file = folder.resolve("keys.yaml");
        OpsServer guarded = new OpsServer(
                gateway.node(), new HostPort("127.0.0.1", 0), vertx -> new MetricsGuard(Users.of(KeysFile.read(file))));
        TestGateway.get(gateway.vertx.deployVerticle(guarded));
        URI metrics = URI.create("http://127.0.0.1:" + guarded.port() + "/metrics");

        HttpResponse<String> refused =
                gateway.send(HttpRequest.newBuilder(metrics).build());
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().allValues("WWW-Authenticate")).contains("Bearer");
        assertThat(gateway.send(HttpRequest.newBuilder(metrics)
                                .header("Authorization", bearer(keys.scraper))
                                .build())
                        .statusCode())
                .isEqualTo(200);
        assertThat(gateway.send(HttpRequest.newBuilder(metrics.resolve("/healthz"))
                                .build())
                        .statusCode())
                .isEqualTo(200);
    }
}

package dev.weir.gateway;

import static dev.weir.gateway.TestKeys.basic;
import static dev.weir.gateway.TestKeys.bearer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.Task;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonObject;
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

/** What the users of a gateway see of each other's work: nothing. */
final class OwnJobsTest {

    private static final JsonObject APPLE =
            new JsonObject().put("prompt", "an apple").put("seed", 5);

    private static final String NO_JOBS = "{\"object\":\"list\",\"data\":[]}";

    @TempDir
    Path folder;

    private TestKeys keys;
    private TestGateway gateway;
    /** Vert.x closes a client that nothing refers to any more. */
    private WebSocketClient sockets;

    @BeforeEach
    void start() {
        keys = new TestKeys(folder, "class: batch");
        gateway = new TestGateway(keys.in(TestGateway.CONFIG));
        sockets = gateway.vertx.createWebSocketClient();
        gateway.stage.script(Sitting::start);
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> send(TestGateway at, String method, String path, String key) {
        return at.send(at.request(path)
                .header("Authorization", bearer(key))
                .method(method, BodyPublishers.noBody())
                .build());
    }

    private HttpResponse<String> post(String path, JsonObject body, String key, String... headers) {
        var request =
                gateway.request(path).header("Authorization", bearer(key)).header("Content-Type", "application/json");
        if (headers.length > 0) {
            request.headers(headers);
        }
        return gateway.send(request.POST(BodyPublishers.ofString(body.encode())).build());
    }

    private String submit(String key, String... headers) {
        return new JsonObject(post("/v1/jobs", APPLE, key, headers).body()).getString("id");
    }

    private Task task(int sitting) {
        await().until(() -> gateway.stage.sittings().size() > sitting);
        return gateway.stage.sittings().get(sitting).task;
    }

    @Test
    void aJobOfAnotherUserDoesNotExist() {
        String path = "/v1/jobs/" + submit(keys.anna);
        TestGateway second = gateway.another(
                TestGateway.CONFIG.with(keys.in(TestGateway.CONFIG).security()));

        await().until(() -> send(second, "GET", path, keys.anna).statusCode() == 200);

        for (TestGateway at : List.of(gateway, second)) {
            for (String part : List.of("", "/events", "/images/0")) {
                assertThat(send(at, "GET", path + part, keys.bob).statusCode()).isEqualTo(404);
            }
            assertThat(send(at, "DELETE", path, keys.bob).statusCode()).isEqualTo(404);
            assertThat(send(at, "DELETE", path + "/images/0", keys.bob).statusCode())
                    .isEqualTo(404);
            assertThat(send(at, "GET", path, keys.anna).statusCode()).isEqualTo(200);
        }
        assertThat(gateway.isIdle()).isFalse();
        assertThat(send(second, "DELETE", path, keys.admin).statusCode()).isEqualTo(200);
        await().until(gateway::isIdle);
    }

    @Test
    void theListHasOwnJobsOnlyAlsoForAnAdministrator() {
        String job = submit(keys.anna);

        assertThat(send(gateway, "GET", "/v1/jobs", keys.anna).body()).contains(job);
        for (String other : List.of(keys.bob, keys.admin)) {
            assertThat(send(gateway, "GET", "/v1/jobs", other).body()).isEqualTo(NO_JOBS);
        }
        assertThat(send(gateway, "DELETE", "/v1/jobs/" + job + "?forget=true", keys.bob)
                        .statusCode())
                .isEqualTo(404);
    }

    @Test
    void anotherGatewayListsAJobThatNobodyAskedForThereAndHasItForgotten() {
        TestGateway second = gateway.another(
                TestGateway.CONFIG.with(keys.in(TestGateway.CONFIG).security()));
        String path = "/v1/jobs/" + submit(keys.anna);
        task(0);
        gateway.stage.sittings().get(0).finish(A1111Test.PNG);

        await().until(
                        () -> send(second, "GET", "/v1/jobs", keys.anna).body(),
                        listed -> listed.contains("\"status\":\"completed\""));
        assertThat(send(second, "GET", "/v1/jobs", keys.bob).body()).isEqualTo(NO_JOBS);
        assertThat(send(second, "DELETE", path + "?forget=true", keys.anna).body())
                .contains("\"forgotten\":true");

        for (TestGateway at : List.of(gateway, second)) {
            assertThat(send(at, "GET", path, keys.anna).statusCode()).isEqualTo(410);
            assertThat(send(at, "GET", "/v1/jobs", keys.anna).body()).isEqualTo(NO_JOBS);
        }
    }

    @Test
    void anImageIsDeletedAtAllGatewaysThroughAnyOfThem() {
        TestGateway second = gateway.another(
                TestGateway.CONFIG.with(keys.in(TestGateway.CONFIG).security()));
        String path = "/v1/jobs/"
                + new JsonObject(post("/v1/jobs", APPLE.copy().put("n", 2), keys.anna)
                                .body())
                        .getString("id");
        task(1);
        gateway.stage.sittings().forEach(sitting -> sitting.finish(A1111Test.PNG));
        for (TestGateway at : List.of(gateway, second)) {
            await().until(() -> send(at, "GET", path + "/images/0", keys.anna).statusCode() == 200);
        }
        assertThat(send(second, "DELETE", path + "/images/0?forget=true", keys.bob)
                        .statusCode())
                .isEqualTo(404);

        assertThat(send(second, "DELETE", path + "/images/0?forget=true", keys.anna)
                        .body())
                .contains("\"forgotten\":true");

        for (TestGateway at : List.of(gateway, second)) {
            assertThat(send(at, "GET", path + "/images/0", keys.anna).statusCode())
                    .isEqualTo(404);
            await().until(() -> send(at, "GET", path + "/images/1", keys.anna).statusCode() == 200);
        }
        send(gateway, "DELETE", path + "/images/1?forget=true", keys.anna);
        await().until(() -> send(second, "GET", path + "/images/1", keys.anna).statusCode() != 200);
    }

    @Test
    void aSocketAttachesToOwnJobsOnly() {
        String job = submit(keys.anna);

        assertThat(attach(job, keys.bob).getJsonObject("error").getString("code"))
                .isEqualTo("not_found");
        assertThat(attach(job, keys.anna).getString("type")).isEqualTo("attached");
        assertThat(attach(job, keys.admin).getString("type")).isEqualTo("attached");
    }

    private JsonObject attach(String job, String key) {
        List<JsonObject> told = new CopyOnWriteArrayList<>();
        WebSocket socket = TestGateway.get(sockets.connect(new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(gateway.port())
                .setURI("/v1/stream")
                .putHeader("Authorization", bearer(key))));
        socket.textMessageHandler(text -> told.add(new JsonObject(text)));
        TestGateway.get(socket.writeTextMessage(
                new JsonObject().put("type", "attach").put("job", job).encode()));
        return await().until(() -> told.stream().findFirst().orElse(null), event -> event != null);
    }

    /** The user that a request states is not believed. */
    @Test
    void timeIsSharedByTheNameOfTheKeyAndAClassIsALimit() {
        JsonObject boastful = APPLE.copy().put("user", "bob").put("priority", "interactive");

        post("/v1/jobs", boastful, keys.anna);
        post("/v1/jobs", boastful, keys.bob);

        assertThat(task(0).getUser()).isEqualTo("anna");
        assertThat(task(0).getPriority()).isEqualTo(Priority.BATCH);
        assertThat(task(1).getUser()).isEqualTo("bob");
        assertThat(task(1).getPriority()).isEqualTo(Priority.INTERACTIVE);
    }

    @Test
    void everyApiStartsJobsOfTheKeysUser() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(A1111Test.PNG);
        });

        post("/v1/images/generations", APPLE, keys.bob);
        post("/v1/images/generations", APPLE, keys.bob, "Idempotency-Key", "k");
        post(
                "/v1/responses",
                new JsonObject(
                        "{\"model\":\"tiny\",\"input\":\"an apple\",\"tools\":[{\"type\":\"image_generation\"}]}"),
                keys.bob);
        post("/sdapi/v1/txt2img", APPLE, keys.bob);

        assertThat(gateway.stage.sittings())
                .hasSize(4)
                .allMatch(made -> made.task.getUser().equals("bob"));
    }

    @Test
    void anIdempotencyKeyIsAUsersOwn() {
        String annas = submit(keys.anna, "Idempotency-Key", "one");

        assertThat(submit(keys.bob, "Idempotency-Key", "one")).isNotEqualTo(annas);
        assertThat(submit(keys.anna, "Idempotency-Key", "one")).isEqualTo(annas);
    }

    @Test
    void progressOfAutomatic1111IsAUsersOwnHoweverTheKeyIsSent() {
        CompletableFuture<HttpResponse<String>> painting = gateway.http()
                .sendAsync(
                        gateway.request("/sdapi/v1/txt2img")
                                .header("Authorization", bearer(keys.anna))
                                .header("Content-Type", "application/json")
                                .POST(BodyPublishers.ofString(APPLE.encode()))
                                .build(),
                        BodyHandlers.ofString());
        task(0);

        assertThat(jobCount(bearer(keys.bob))).isZero();
        assertThat(jobCount(bearer(keys.anna))).isOne();
        assertThat(jobCount(basic("someone", keys.anna))).isOne();
        gateway.stage.sittings().get(0).finish(A1111Test.PNG);
        painting.join();
    }

    @Test
    void promptsOfComfyUiAreAUsersOwn() {
        String prompt = new JsonObject(
                        post("/prompt", new JsonObject().put("prompt", ComfyClient.template()), keys.anna)
                                .body())
                .getString("prompt_id");
        task(0);

        await().until(() -> running(keys.anna) == 1);
        assertThat(running(keys.bob)).isZero();
        post("/interrupt", new JsonObject().put("prompt_id", prompt), keys.bob);
        assertThat(running(keys.anna)).isOne();

        gateway.stage.sittings().get(0).finish(A1111Test.PNG);
        await().until(() -> running(keys.anna) == 0);
        JsonObject annas = new JsonObject(
                send(gateway, "GET", "/history/" + prompt, keys.anna).body());
        assertThat(annas.containsKey(prompt)).isTrue();
        assertThat(send(gateway, "GET", "/history/" + prompt, keys.bob).body()).isEqualTo("{}");
        String file = annas.encode().replaceFirst(".*\"filename\":\"([^\"]+)\".*", "$1");
        assertThat(send(gateway, "GET", "/view?filename=" + file, keys.anna).statusCode())
                .isEqualTo(200);
        assertThat(send(gateway, "GET", "/view?filename=" + file, keys.bob).statusCode())
                .isEqualTo(404);
    }

    private int running(String key) {
        return new JsonObject(send(gateway, "GET", "/queue", key).body())
                .getJsonArray("queue_running")
                .size();
    }

    private int jobCount(String authorization) {
        return new JsonObject(gateway.send(gateway.request("/sdapi/v1/progress")
                                .header("Authorization", authorization)
                                .build())
                        .body())
                .getJsonObject("state")
                .getInteger("job_count");
    }
}

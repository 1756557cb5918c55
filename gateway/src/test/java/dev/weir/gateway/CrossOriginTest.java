package dev.weir.gateway;

import static dev.weir.gateway.TestKeys.basic;
import static dev.weir.gateway.TestKeys.bearer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.gateway.RawHttp.Reply;
import dev.weir.gateway.http.Access;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other servers, in browsers, with and without a setting that allows them. */
final class CrossOriginTest {

    private static final String APP = "https://app.example";
    private static final String LOCAL = "http://localhost:3000";
    private static final String DESKTOP = "tauri://localhost";
    private static final String FOREIGN = "https://evil.example";
    private static final String APPLE = "{\"prompt\":\"an apple\"}";

    @TempDir
    Path folder;

    private TestKeys keys;
    private TestGateway gateway;
    /** Vert.x closes a client that nothing refers to any more. */
    private WebSocketClient sockets;

    @BeforeEach
    void start() {
        keys = new TestKeys(folder);
        Access access = Access.DEFAULT.withCrossOrigins(List.of(APP + "/", "http://LOCALHOST:3000", DESKTOP));
        gateway = new TestGateway(keys.in(TestGateway.CONFIG.with(access)));
        sockets = gateway.vertx.createWebSocketClient();
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.finish(new byte[] {1});
        });
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "*", "app.example"})
    void whatIsNoOriginIsRefusedAtStart(String origin) {
        assertThatThrownBy(() -> Access.DEFAULT.withCrossOrigins(List.of(APP, origin)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--cors-origin must be an origin");
    }

    private Reply preflight(String path, String origin) {
        return RawHttp.request(
                gateway.port(),
                "OPTIONS",
                path,
                "Host: 127.0.0.1",
                "Origin: " + origin,
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Private-Network: true",
                "Access-Control-Request-Headers: authorization,content-type,x-stainless-os");
    }

    private HttpResponse<String> post(String path, String body, String origin, String authorization) {
        return gateway.send(gateway.request(path)
                .header("Content-Type", "application/json")
                .header("Origin", origin)
                .header("Authorization", authorization)
                .POST(BodyPublishers.ofString(body))
                .build());
    }

    private static String allowed(HttpResponse<?> response) {
        assertThat(response.headers().allValues("Vary")).containsExactly("origin");
        return response.headers().firstValue("Access-Control-Allow-Origin").orElse("");
    }

    @Test
    void aPreflightNeedsNoKeyAndAllowsTheHeadersOfAnyLibrary() {
        for (String origin : List.of(APP, LOCAL, DESKTOP)) {
            Reply reply = preflight("/v1/images/generations", origin);

            assertThat(reply.status()).isEqualTo(204);
            assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo(origin);
            assertThat(reply.header("Access-Control-Allow-Methods")).contains("GET", "POST", "DELETE");
            assertThat(reply.header("Access-Control-Allow-Headers"))
                    .isEqualTo("authorization,content-type,x-stainless-os");
            assertThat(reply.header("Access-Control-Allow-Private-Network")).isEqualTo("true");
            assertThat(reply.header("Access-Control-Allow-Credentials")).isNull();
        }
        assertThat(preflight("/sdapi/v1/txt2img", APP).status()).isEqualTo(204);
        assertThat(preflight("/prompt", APP).status()).isEqualTo(204);
    }

    @Test
    void answersAndErrorsCanBeReadByThePage() {
        HttpResponse<String> made = post("/v1/images/generations", APPLE, APP, bearer(keys.anna));
        HttpResponse<String> accepted = post("/v1/jobs", APPLE, LOCAL, bearer(keys.anna));

        assertThat(made.statusCode()).isEqualTo(200);
        assertThat(allowed(made)).isEqualTo(APP);
        assertThat(accepted.statusCode()).isEqualTo(202);
        assertThat(allowed(accepted)).isEqualTo(LOCAL);
        assertThat(accepted.headers().firstValue("Access-Control-Expose-Headers"))
                .hasValueSatisfying(exposed -> assertThat(exposed).contains("Location", "Retry-After"));
        for (HttpResponse<String> refused : List.of(
                post("/v1/jobs", APPLE, APP, bearer("wrong")),
                post("/v1/jobs", "{", APP, bearer(keys.anna)),
                post("/v1/nothing", APPLE, APP, bearer(keys.anna)),
                post("/v1/models", APPLE, APP, bearer(keys.anna)),
                post("/sdapi/v1/txt2img", "{\"steps\":-1}", APP, bearer(keys.anna)),
                post("/v1/jobs?x=%ff", APPLE, APP, bearer(keys.anna)))) {
            assertThat(refused.statusCode()).isBetween(400, 405);
            assertThat(allowed(refused)).as(refused.body()).isEqualTo(APP);
        }
    }

    @Test
    void eventStreamsAreAnswersToo() {
        JsonObject stream = new JsonObject(APPLE).put("stream", true);

        HttpResponse<String> events = post("/v1/images/generations", stream.encode(), APP, bearer(keys.anna));

        assertThat(allowed(events)).isEqualTo(APP);
        assertThat(events.headers().firstValue("Content-Type")).hasValue("text/event-stream; charset=utf-8");
        assertThat(events.body()).contains("image_generation.completed");
    }

    @Test
    void aPageThatMayUseTheGatewayOpensSocketsAndSendsPrompts() {
        WebSocket socket = TestGateway.get(sockets.connect(new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(gateway.port())
                .setURI("/v1/stream")
                .putHeader("Origin", APP)
                .setSubProtocols(List.of("weir", "weir-key." + keys.anna))));

        assertThat(socket.subProtocol()).isEqualTo("weir");
        // The graph is wrong, but it was read.
        assertThat(post("/prompt", "{\"prompt\":{}}", APP, bearer(keys.anna)).statusCode())
                .isEqualTo(400);
        assertThat(post("/v1/jobs", APPLE, APP, basic("anna", keys.anna)).statusCode())
                .isEqualTo(202);
    }

    @Test
    void otherOriginsAreAsWithoutTheSetting() {
        String own = "http://127.0.0.1:" + gateway.port();
        String socket = "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: " + FOREIGN
                + "\r\nAuthorization: " + bearer(keys.anna)
                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

        Reply preflight = preflight("/v1/jobs", FOREIGN);
        assertThat(preflight.status()).isEqualTo(401);
        assertThat(preflight.header("Access-Control-Allow-Origin")).isNull();
        Reply refused = RawHttp.upgrade(gateway.port(), RawHttp.bytes(socket));
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.body()).contains("--cors-origin");
        for (String other : List.of(FOREIGN, own, "null", "https://app.example.evil.example", "http://app.example")) {
            assertThat(allowed(post("/v1/jobs", APPLE, other, bearer(keys.anna))))
                    .as(other)
                    .isEmpty();
        }
        assertThat(post("/v1/jobs", APPLE, own, basic("anna", keys.anna)).statusCode())
                .isEqualTo(202);
        assertThat(post("/v1/jobs", APPLE, FOREIGN, basic("anna", keys.anna)).statusCode())
                .isEqualTo(403);
    }

    @Test
    void answersVaryByOriginAlsoIfThereIsOnlyOne() {
        try (TestGateway one =
                new TestGateway(TestGateway.CONFIG.with(Access.DEFAULT.withCrossOrigins(List.of(APP))))) {
            for (String origin : List.of(APP, FOREIGN)) {
                assertThat(allowed(one.send(one.request("/v1/models")
                                .header("Origin", origin)
                                .build())))
                        .isEqualTo(origin.equals(APP) ? APP : "");
            }
        }
    }

    @Test
    void withoutTheSettingNoPageOfAnotherServerReadsAnswers() {
        try (TestGateway closed = new TestGateway()) {
            HttpResponse<String> models = closed.send(
                    closed.request("/v1/models").header("Origin", APP).build());

            assertThat(models.statusCode()).isEqualTo(200);
            assertThat(models.headers().map()).doesNotContainKeys("access-control-allow-origin", "vary");
        }
    }
}

package dev.weir.gateway;

import static dev.weir.gateway.TestKeys.basic;
import static dev.weir.gateway.TestKeys.bearer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.user.Keys;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.UpgradeRejectedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A gateway with a file of keys: who gets in, and what the others are told. */
@Isolated("It reads a log of the process.")
final class KeysTest {

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
    }

    @AfterEach
    void close() {
        gateway.close();
    }

    private HttpResponse<String> fetch(String path, String authorization) {
        return gateway.send(
                gateway.request(path).header("Authorization", authorization).build());
    }

    private HttpResponse<String> post(String path, JsonObject body, String... headers) {
        HttpRequest.Builder request = gateway.request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body.encode()));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return gateway.send(request.build());
    }

    private static JsonObject error(HttpResponse<String> response) {
        return new JsonObject(response.body()).getJsonObject("error");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/app.js",
                "/openapi.json",
                "/v1/models",
                "/v1/cluster",
                "/v1/jobs/x",
                "/v1/stream",
                "/metrics",
                "/sdapi/v1/options",
                "/queue",
                "/ws",
                "/view",
                "/nothing"
            })
    void withoutAKeyEverythingButProbesIsRefused(String path) {
        HttpResponse<String> refused = gateway.fetch(path);

        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().allValues("WWW-Authenticate"))
                .containsExactly("Bearer", "Basic realm=\"Weir\", charset=\"UTF-8\"");
    }

    @Test
    void probesNeedNoKey() {
        assertThat(gateway.fetch("/healthz").statusCode()).isEqualTo(200);
        assertThat(gateway.fetch("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void aKeyIsABearerTokenOrThePasswordOfBasic() {
        assertThat(fetch("/v1/models", bearer(keys.anna)).statusCode()).isEqualTo(200);
        assertThat(fetch("/v1/models", "bearer " + keys.bob).statusCode()).isEqualTo(200);
        assertThat(fetch("/v1/models", "Token " + keys.anna).statusCode()).isEqualTo(200);
        assertThat(fetch("/v1/models", basic("anna", keys.anna)).statusCode()).isEqualTo(200);
        assertThat(fetch("/", basic("", keys.anna)).statusCode()).isEqualTo(200);
    }

    @Test
    void anythingElseIsNoKey() {
        for (String wrong : List.of(
                bearer(Keys.random()),
                bearer(keys.anna + "x"),
                bearer(keys.anna.toLowerCase()),
                basic(keys.anna, "password"),
                "Basic ###",
                "Basic",
                "Digest " + keys.anna,
                keys.anna)) {
            assertThat(fetch("/v1/models", wrong).statusCode()).as(wrong).isEqualTo(401);
        }
        assertThat(post("/v1/jobs", APPLE, "Authorization", bearer(keys.anna), "Authorization", bearer(keys.bob))
                        .statusCode())
                .isEqualTo(401);
        assertThat(gateway.metrics.get("weir.gateway.unauthorized").counter().count())
                .isEqualTo(9);
    }

    @Test
    void eachApiRefusesInItsOwnShape() {
        JsonObject openAi = error(gateway.fetch("/v1/models"));
        JsonObject a1111 = new JsonObject(gateway.fetch("/sdapi/v1/options").body());

        assertThat(openAi.getString("code")).isEqualTo("missing_api_key");
        assertThat(openAi.getString("type")).isEqualTo("invalid_request_error");
        assertThat(error(fetch("/v1/models", bearer("x"))).getString("code")).isEqualTo("invalid_api_key");
        assertThat(a1111.getString("error")).isEqualTo("HTTPException");
        assertThat(a1111.getString("errors")).startsWith("401: ");
        for (String path : List.of("/queue", "/api/queue", "/history/x", "/models")) {
            JsonObject comfyUi = error(gateway.fetch(path));
            assertThat(comfyUi.fieldNames()).as(path).contains("extra_info", "details");
        }
        HttpResponse<String> huggingFace = post("/models/tiny", APPLE);
        assertThat(huggingFace.statusCode()).isEqualTo(401);
        assertThat(new JsonObject(huggingFace.body()).getValue("error")).isInstanceOf(String.class);
    }

    @Test
    void aKeyForMetricsReadsNothingElse() {
        assertThat(fetch("/metrics", bearer(keys.scraper)).statusCode()).isEqualTo(200);
        assertThat(fetch("/v1/cluster", bearer(keys.scraper)).statusCode()).isEqualTo(200);

        HttpResponse<String> refused = fetch("/v1/models", bearer(keys.scraper));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(error(refused).getString("code")).isEqualTo("not_allowed");
        assertThat(new JsonObject(
                                fetch("/sdapi/v1/options", bearer(keys.scraper)).body())
                        .getString("errors"))
                .startsWith("403: ");
        assertThat(fetch("/metrics", bearer(keys.anna)).statusCode()).isEqualTo(200);
    }

    /** A browser adds the password of Basic to whatever another page sends. */
    @Test
    void anotherPageDoesNotUseThePasswordThatABrowserKeeps() {
        String basic = basic("anna", keys.anna);

        assertThat(post("/v1/jobs", APPLE, "Authorization", basic, "Origin", "https://other.example")
                        .statusCode())
                .isEqualTo(403);
        assertThat(post("/v1/jobs", APPLE, "Authorization", basic, "Origin", "http://127.0.0.1:" + gateway.port())
                        .statusCode())
                .isEqualTo(202);
        assertThat(post("/v1/jobs", APPLE, "Authorization", basic).statusCode()).isEqualTo(202);
    }

    @Test
    void aFileThatChangesIsReadAgainAndABrokenOneChangesNothing() {
        String carol = Keys.random();
        keys.write(TestKeys.entry("carol", carol, ""));
        await().until(() -> fetch("/v1/models", bearer(carol)).statusCode() == 200);
        assertThat(fetch("/v1/models", bearer(keys.anna)).statusCode()).isEqualTo(401);

        keys.write("- {name: carol");
        String dave = Keys.random();
        keys.write("- {name: carol");
        assertThat(fetch("/v1/models", bearer(carol)).statusCode()).isEqualTo(200);
        keys.write(TestKeys.entry("dave", dave, ""));
        await().until(() -> fetch("/v1/models", bearer(dave)).statusCode() == 200);
    }

    @Test
    void aFileThatIsWrongAtTheStartIsNamed() {
        keys.write("- {name: anna}");

        assertThatThrownBy(() -> new TestGateway(keys.in(TestGateway.CONFIG)))
                .hasStackTraceContaining("keys.yaml: entry 1: sha256 is missing");
    }

    private WebSocketConnectOptions socket() {
        return new WebSocketConnectOptions()
                .setHost("127.0.0.1")
                .setPort(gateway.port())
                .setURI("/v1/stream");
    }

    private WebSocket connect(WebSocketConnectOptions options) {
        return TestGateway.get(sockets.connect(options));
    }

    @Test
    void aSocketNeedsAKeyTooInAHeaderOrASubprotocol() {
        assertThatThrownBy(() -> connect(socket()))
                .rootCause()
                .isInstanceOf(UpgradeRejectedException.class)
                .hasMessageContaining("401");
        assertThatThrownBy(() -> connect(socket().setSubProtocols(List.of("weir", "weir-key.x"))))
                .rootCause()
                .hasMessageContaining("401");

        WebSocket header = connect(socket().putHeader("Authorization", bearer(keys.anna)));
        WebSocket page = connect(socket().setSubProtocols(List.of("weir", "weir-key." + keys.anna)));

        assertThat(header.subProtocol()).isNull();
        assertThat(page.subProtocol()).isEqualTo("weir");
    }

    @Test
    void onlyAGatewayWithoutKeysThatOthersReachWarns() {
        Logger logger = (Logger) LoggerFactory.getLogger(Authentication.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        GatewayConfig everywhere =
                new GatewayConfig("0.0.0.0", 0, TestGateway.CONFIG.limits(), TestGateway.CONFIG.patience());
        try {
            new TestGateway(TestGateway.CONFIG).close();
            new TestGateway(keys.in(everywhere)).close();
            assertThat(log.list).isEmpty();

            new TestGateway(everywhere).close();
            assertThat(log.list).singleElement().matches(event -> event.getMessage()
                    .contains("--api-keys"));
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void otherMethodsAreRefusedAlike() {
        for (HttpMethod method : List.of(HttpMethod.OPTIONS, HttpMethod.DELETE, HttpMethod.HEAD)) {
            assertThat(gateway.send(gateway.request("/v1/jobs/x")
                                    .method(method.name(), BodyPublishers.noBody())
                                    .build())
                            .statusCode())
                    .isEqualTo(401);
        }
    }
}

package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.weir.gateway.GatewayConfig.Webhooks;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.gateway.replicate.WebhookSecret;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that are told of predictions. */
final class WebhooksTest {

    private record Call(String id, String timestamp, String signature, String body) {

        JsonObject json() {
            return new JsonObject(body);
        }

        String event() {
            return id.split("_")[1];
        }
    }

    @TempDir
    Path folder;

    private final List<Call> calls = new CopyOnWriteArrayList<>();
    /** What the receiver answers next; then 200. */
    private final ConcurrentLinkedDeque<Integer> answers = new ConcurrentLinkedDeque<>();

    private HttpServer receiver;
    private GatewayConfig config;
    private TestGateway gateway;

    @BeforeEach
    void start() throws IOException {
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
        receiver.createContext("/hook", exchange -> {
            var headers = exchange.getRequestHeaders();
            calls.add(new Call(
                    headers.getFirst("webhook-id"),
                    headers.getFirst("webhook-timestamp"),
                    headers.getFirst("webhook-signature"),
                    new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
            Integer status = answers.pollFirst();
            if (status != null && status / 100 == 3) {
                exchange.getResponseHeaders().set("Location", url());
            }
            exchange.sendResponseHeaders(status == null ? 200 : status, -1);
            exchange.close();
        });
        receiver.start();
        Path secret = Files.writeString(folder.resolve("secret"), "0123456789abcdef0123456789abcdef");
        config = TestGateway.CONFIG.with(TestGateway.CONFIG
                .security()
                .withWebhooks(new Webhooks(WebhookSecret.of(secret), Set.of("127.0.0.1"))));
        gateway = new TestGateway(config);
    }

    @AfterEach
    void close() {
        gateway.close();
        receiver.stop(0);
    }

    private String url() {
        return "http://127.0.0.1:" + receiver.getAddress().getPort() + "/hook";
    }

    private HttpResponse<String> predict(String url, String... events) {
        JsonObject body = new JsonObject()
                .put("version", "tiny")
                .put("input", new JsonObject().put("prompt", "a fox"))
                .put("webhook", url);
        if (events.length > 0) {
            body.put("webhook_events_filter", new JsonArray(List.of(events)));
        }
        return gateway.send(gateway.post("/v1/predictions", body.encode()));
    }

    private Stream<String> events() {
        return calls.stream().map(Call::event);
    }

    @Test
    void aServerIsToldOfTheStartTheOutputAndTheEnd() {
        String id = new JsonObject(predict(url()).body()).getString("id");
        await().until(() -> events().anyMatch("completed"::equals));

        assertThat(events()).startsWith("start").endsWith("completed").contains("output");
        JsonObject over = calls.get(calls.size() - 1).json();
        assertThat(over.getString("status")).isEqualTo("succeeded");
        assertThat(over.getJsonArray("output"))
                .containsExactly(gateway.uri("/v1/jobs/" + id + "/images/0").toString());
    }

    @Test
    void theEndIsSigned() throws GeneralSecurityException {
        predict(url(), "completed");
        await().until(() -> !calls.isEmpty());

        Call call = calls.get(0);
        String secret =
                new JsonObject(gateway.fetch("/v1/webhooks/default/secret").body()).getString("key");
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        byte[] expected =
                mac.doFinal((call.id() + "." + call.timestamp() + "." + call.body()).getBytes(StandardCharsets.UTF_8));
        assertThat(call.signature()).isEqualTo("v1," + Base64.getEncoder().encodeToString(expected));
        assertThat(events()).containsExactly("completed");
    }

    @Test
    void theEndIsRepeatedWithTheSameIdUntilTheServerTakesIt() {
        answers.add(500);

        predict(url(), "completed");
        await().until(() -> calls.size() == 2);

        assertThat(calls.get(1).id()).isEqualTo(calls.get(0).id());
        assertThat(calls.get(1).body()).isEqualTo(calls.get(0).body());
    }

    /** A client that follows redirects would ask with GET after this one. */
    @Test
    void aRedirectIsNotFollowedAndCountsAsAFailure() {
        answers.add(303);

        predict(url(), "completed");
        await().until(() -> calls.size() == 2);

        assertThat(calls.get(1).id()).isEqualTo(calls.get(0).id());
        assertThat(calls.get(1).body()).isNotEmpty().isEqualTo(calls.get(0).body());
    }

    @Test
    void aPredictionOfALostGatewayIsToldOfByTheNextOne() {
        shareMemory();
        gateway.stage.script(Sitting::start);
        predict(url(), "completed");
        await().until(() -> gateway.stage.sittings().size() == 1);
        gateway.stop();

        gateway.stage.script(Sitting::paint);
        gateway.another(config);

        await().until(() -> calls.size() == 1);
        assertThat(calls.get(0).json().getString("status")).isEqualTo("succeeded");
    }

    @Test
    void aFinishedPredictionOfALostGatewayIsNotToldOfAgain() {
        shareMemory();
        String id = new JsonObject(predict(url(), "completed").body()).getString("id");
        await().until(() -> calls.size() == 1);
        gateway.stop();

        gateway = gateway.another(config);
        await().until(() -> gateway.fetch("/v1/predictions/" + id).body().contains("\"succeeded\""));
        String next = new JsonObject(predict(url(), "completed").body()).getString("id");
        await().until(() -> calls.stream().anyMatch(call -> call.id().startsWith(next)));

        assertThat(calls).extracting(Call::id).containsExactly(id + "_completed", next + "_completed");
    }

    /** The next gateway finds what this one recorded. */
    private void shareMemory() {
        gateway.close();
        Vertx vertx = Vertx.vertx();
        MoodyMemory memory = new MoodyMemory(vertx);
        memory.isShared = true;
        gateway = new TestGateway(config, vertx, memory);
    }

    @Test
    void anAddressThatIsNotAllowedIsRefusedAtOnce() {
        assertThat(predict("https://10.0.0.1/hook").body()).contains("webhook must not lead to a private network");
        assertThat(predict("http://hooks.example/").body()).contains("webhook must begin with https://");
        assertThat(predict(url(), "begun").body()).contains("webhook_events_filter must be a list of start");
        assertThat(gateway.stage.sittings()).isEmpty();
    }

    @Test
    void aGatewayWithoutASecretHasNone() {
        try (TestGateway without = new TestGateway()) {
            HttpResponse<String> refused = without.send(without.post(
                    "/v1/predictions",
                    "{\"version\": \"tiny\", \"input\": {\"prompt\": \"x\"}, \"webhook\": \"https://8.8.8.8/\"}"));
            assertThat(refused.statusCode()).isEqualTo(422);
            assertThat(refused.body()).contains("--webhook-secret");
            assertThat(without.fetch("/v1/webhooks/default/secret").statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void eachUserHasASecretOfItsOwn() {
        TestKeys keys = new TestKeys(folder);
        try (TestGateway closed = new TestGateway(keys.in(config))) {
            List<String> secrets = Stream.of(keys.anna, keys.bob)
                    .map(key -> closed.send(closed.request("/v1/webhooks/default/secret")
                                    .header("Authorization", TestKeys.bearer(key))
                                    .build())
                            .body())
                    .toList();
            assertThat(secrets.get(0)).contains("whsec_").isNotEqualTo(secrets.get(1));
        }
    }
}

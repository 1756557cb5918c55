package dev.weir.tests.stages;

import static dev.weir.tests.stages.Tasks.EXACT;
import static dev.weir.tests.stages.Tasks.TINY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.decoder.DecoderStage;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.GatewayVerticle;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.StageNode;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.StatesMemory;
import dev.weir.textencoder.TextEncoderStage;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Every way in which a client can give up, a thousand times under load, through HTTP, the bus and all stages of a tiny
 * model.
 */
final class CancelsTest {

    private static final int CANCELS = 1000;
    private static final int AT_ONCE = 24;
    private static final int LATEST_MS = 80;

    /** Finished jobs are soon forgotten. */
    private static final Patience PATIENCE =
            new Patience(Duration.ofMinutes(5), Duration.ofMinutes(1), Duration.ofSeconds(30), Duration.ofMillis(500));

    private final Vertx vertx = Vertx.vertx();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Random random = new Random(4);
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final NodeContext node = get(NodeContext.create(vertx, "one", NodeConfig.Limits.DEFAULT, metrics));
    private final Stage denoiser = DenoiserStage.create(List.of(TINY), EXACT, new SteppingStage.Limits(16, 16));
    private final GatewayVerticle gateway =
            new GatewayVerticle(node, GatewayConfig.on("127.0.0.1", 0).with(PATIENCE));

    @BeforeEach
    void open() {
        var memory = new StatesMemory(vertx, node.memory().map(MemoryArea.TEXT_STATES), metrics);
        List<Stage> stages = List.of(
                new TextEncoderStage(List.of(TINY), EXACT, 16, Optional.of(memory)),
                denoiser,
                new DecoderStage(List.of(TINY), EXACT, 16));
        stages.forEach(stage -> get(vertx.deployVerticle(new StageNode(node, stage))));
        get(vertx.deployVerticle(gateway));
        node.health().started();
        await().until(gateway::ready);
    }

    @AfterEach
    void close() {
        get(vertx.close());
    }

    @Test
    void aThousandRandomCancelsLeaveNoRowNoBufferAndNoJob() throws InterruptedException {
        Semaphore places = new Semaphore(AT_ONCE);
        for (int i = 0; i < CANCELS; i++) {
            assertThat(places.tryAcquire(1, TimeUnit.MINUTES)).isTrue();
            giveUp(i).whenComplete((done, problem) -> places.release());
        }
        assertThat(places.tryAcquire(AT_ONCE, 1, TimeUnit.MINUTES)).isTrue();

        await().atMost(Duration.ofMinutes(1)).until(() -> gauge("weir.gateway.jobs") == 0);
        assertThat(gauge("weir.gateway.samples")).isZero();
        await().until(() -> gauge("weir.gateway.sockets") == 0);
        for (String stage : List.of("text-encoder", "denoiser", "decoder")) {
            await().until(() ->
                    metrics.get("weir.stage.held").tag("stage", stage).gauge().value() == 0);
        }
        // What is not held any more leaves the device at its next look.
        await().until(() -> denoiser.load().orElseThrow().backlogSeconds() == 0);
        for (MemoryArea area : List.of(MemoryArea.JOBS, MemoryArea.CHECKPOINTS)) {
            await().until(() -> get(node.memory().map(area).keys()).isEmpty());
        }
        assertThat(ended("cancelled")).isGreaterThan(CANCELS / 4);
        assertThat(ended("failed")).isZero();
        assertThat(send(images(request(0).put("stream", false))).join().statusCode())
                .isEqualTo(200);
    }

    /** Requests images in one way, and gives up some time later in the matching way. */
    private CompletableFuture<?> giveUp(int number) {
        JsonObject request = request(number);
        int delay = random.nextInt(LATEST_MS);
        return switch (number % 7) {
            case 0 -> leave(send(images(request)), delay);
            case 1 -> leave(send(images(request.put("stream", true).put("partial_images", 2))), delay);
            case 2 ->
                send(post("/v1/jobs", request)).thenComposeAsync(accepted -> send(delete(accepted)), after(delay));
            case 6 ->
                send(post("/v1/jobs", request.put("n", 2)))
                        .thenComposeAsync(accepted -> send(deleteSecond(accepted)), after(delay));
            case 3 ->
                send(post("/v1/jobs", request.put("on_disconnect", "cancel")))
                        .thenCompose(accepted -> leave(send(events(accepted)), delay));
            case 4 ->
                socket(request)
                        .thenComposeAsync(
                                socket -> socket.sendText("{\"type\": \"cancel\", \"id\": \"mine\"}", true)
                                        .thenCompose(said -> socket.sendClose(WebSocket.NORMAL_CLOSURE, "")),
                                after(delay));
            default -> socket(request).thenAcceptAsync(WebSocket::abort, after(delay));
        };
    }

    private JsonObject request(int number) {
        String[] classes = {"interactive", "standard", "batch"};
        return new JsonObject()
                .put("prompt", "a red apple " + number % 7)
                .put("n", 1 + random.nextInt(2))
                .put("num_inference_steps", 20 + random.nextInt(30))
                .put("guidance_scale", random.nextBoolean() ? 1 : 4)
                .put("user", "user " + random.nextInt(4))
                .put("priority", classes[random.nextInt(3)]);
    }

    private CompletableFuture<WebSocket> socket(JsonObject request) {
        String generate = request.put("type", "generate").put("id", "mine").encode();
        return http.newWebSocketBuilder()
                .buildAsync(
                        URI.create("ws://127.0.0.1:" + gateway.actualPort() + "/v1/stream"),
                        new WebSocket.Listener() {})
                .thenCompose(socket -> socket.sendText(generate, true));
    }

    /** The client disconnects, whether or not it has received its answer. */
    private static CompletableFuture<?> leave(CompletableFuture<?> answer, int delay) {
        return CompletableFuture.runAsync(() -> answer.cancel(true), after(delay));
    }

    private static Executor after(int milliseconds) {
        return CompletableFuture.delayedExecutor(milliseconds, TimeUnit.MILLISECONDS);
    }

    private CompletableFuture<HttpResponse<String>> send(HttpRequest request) {
        return http.sendAsync(request, BodyHandlers.ofString());
    }

    private HttpRequest images(JsonObject body) {
        return post("/v1/images/generations", body);
    }

    private HttpRequest post(String path, JsonObject body) {
        return request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body.encode()))
                .build();
    }

    private HttpRequest delete(HttpResponse<String> accepted) {
        return request(location(accepted)).DELETE().build();
    }

    /** One picture of two. */
    private HttpRequest deleteSecond(HttpResponse<String> accepted) {
        return request(location(accepted) + "/images/1").DELETE().build();
    }

    private HttpRequest events(HttpResponse<String> accepted) {
        return request(location(accepted) + "/events").build();
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.actualPort() + path))
                .timeout(Duration.ofMinutes(1));
    }

    private static String location(HttpResponse<String> accepted) {
        return accepted.headers().firstValue("Location").orElseThrow();
    }

    private double gauge(String name) {
        return metrics.get(name).gauge().value();
    }

    private double ended(String outcome) {
        var timer = metrics.find("weir.gateway.sample").tag("outcome", outcome).timer();
        return timer == null ? 0 : timer.count();
    }

    private static <T> T get(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }
}

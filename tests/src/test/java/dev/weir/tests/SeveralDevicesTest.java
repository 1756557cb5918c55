package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.cli.WeirNode;
import dev.weir.decoder.DecoderStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelFolder;
import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayVerticle;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.StageNode;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two devices in one process: both denoise, and the loss of one does not stop the other. */
final class SeveralDevicesTest {

    private static final int SAMPLES = 4;
    private static final ComputeTarget EXACT = new ComputeTarget("cpu", ComputeTarget.Precision.FP32);
    private static final Path FOLDER =
            Repository.ROOT.resolve("engine/src/test/resources/reference/checkpoints/default");
    private static final ModelFolder TINY = ModelFolder.open(FOLDER);

    @Test
    void eachDeviceOfTheCommandLineHasADenoiser() {
        NodeConfig.Compute compute = new NodeConfig.Compute(List.of(FOLDER), "cpu,cpu", "fp32", 1).withEngine("torch");
        try (WeirNode node = WeirNode.local(compute)) {
            Server server = Server.at(node.url().toString());
            assertThat(nodes(server, "text-encoder")).hasSize(1);
            assertThat(nodes(server, "denoiser")).hasSize(2).allSatisfy(status -> assertThat(
                            status.path("device").asText())
                    .isEqualTo("cpu"));

            assertThat(WatchedJob.start(server, request(8)).pictures()).hasSize(SAMPLES);
            await().untilAsserted(() -> assertThat(nodes(server, "denoiser"))
                    .allSatisfy(status ->
                            assertThat(status.path("finished").asInt()).isPositive()));
        }
    }

    @Test
    void eachDeviceDrawsWithTheDraftOfAModel(@TempDir Path folder) throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                Files.createSymbolicLink(folder.resolve(file.getFileName()), file);
            }
        }
        Files.writeString(
                folder.resolve("weir.json"),
                new JsonObject()
                        .put("draft", FOLDER.toString())
                        .put("id", "slow")
                        .encode());
        NodeConfig.Compute compute = new NodeConfig.Compute(List.of(folder), "cpu,cpu", "fp32", 1).withEngine("torch");
        try (WeirNode node = WeirNode.local(compute)) {
            Server server = Server.at(node.url().toString());
            // Each stage tells of the draft by itself.
            await().until(() -> Stream.of("text-encoder", "denoiser", "decoder")
                    .flatMap(stage -> nodes(server, stage).stream())
                    .allMatch(status -> status.path("models")
                            .findValuesAsText("id")
                            .contains(TINY.card().id())));
            var request = new HashMap<>(request(8));
            request.put("model", TINY.card().id());

            WatchedJob job = WatchedJob.start(server, request);
            assertThat(job.pictures()).hasSize(SAMPLES);
            assertThat(job.events("completed").stream()
                            .flatMap(event ->
                                    StreamSupport.stream(event.path("timings").spliterator(), false))
                            .filter(timing -> timing.path("stage").asText().equals("denoiser"))
                            .map(timing -> timing.path("node").asText())
                            .distinct())
                    .as("the devices that drew")
                    .hasSize(2);
        }
    }

    @Test
    void theLossOfADeviceLosesNoPicture() {
        Vertx vertx = Vertx.vertx();
        try {
            NodeContext node = get(NodeContext.create(
                    vertx, "both", NodeConfig.Limits.DEFAULT, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)));
            GatewayVerticle gateway = new GatewayVerticle(node, GatewayConfig.on("127.0.0.1", 0));
            var forwards = new AtomicInteger();
            deploy(node, new TextEncoderStage(List.of(TINY), EXACT, SAMPLES));
            deploy(node, new DecoderStage(List.of(TINY), EXACT, SAMPLES));
            deploy(node.ofUnit(0), denoiser(() -> {}));
            deploy(node.ofUnit(1), denoiser(() -> {
                if (forwards.incrementAndGet() > 20) {
                    throw new IllegalStateException("CUDA error: unspecified launch failure");
                }
            }));
            get(vertx.deployVerticle(gateway));
            node.health().started();
            await().until(gateway::ready);
            Server server = Server.at("http://127.0.0.1:" + gateway.actualPort());

            WatchedJob job = WatchedJob.start(server, request(40));
            assertThat(job.pictures()).hasSize(SAMPLES);
            assertThat(job.events("resumed")).isNotEmpty();
            assertThat(node.health().unready()).isEmpty();
            assertThat(node.health().remarks()).containsExactly("denoiser: 1 of 2 devices work");
            assertThat(WatchedJob.start(server, request(4)).pictures())
                    .as("a job after the loss")
                    .hasSize(SAMPLES);
        } finally {
            get(vertx.close());
        }
    }

    private static List<JsonNode> nodes(Server server, String stage) {
        JsonNode stages = server.get("/v1/cluster").path("stages");
        return StreamSupport.stream(stages.spliterator(), false)
                .filter(one -> one.path("stage").asText().equals(stage))
                .flatMap(one -> StreamSupport.stream(one.path("nodes").spliterator(), false))
                .toList();
    }

    private static Map<String, Object> request(int steps) {
        return Map.of("prompt", "a red apple", "n", SAMPLES, "num_inference_steps", steps, "size", "64x64");
    }

    private static Stage denoiser(Runnable onForward) {
        return new SteppingStage(
                StageKind.DENOISER,
                folder -> WatchedDenoiser.part(folder, EXACT, rows -> onForward.run()),
                List.of(TINY),
                EXACT,
                new SteppingStage.Limits(2 * SAMPLES, 2));
    }

    private static void deploy(NodeContext node, Stage stage) {
        get(node.vertx().deployVerticle(new StageNode(node, stage)));
    }

    private static <T> T get(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }
}

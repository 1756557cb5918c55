package dev.weir.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
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
import dev.weir.serving.DiffusionPart;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.TextEncoderStage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A denoiser joins during a run and takes over some work of another: the real network, with a slowed device, over the
 * bus. Each forward pass has one guided sample, because kernels depend on the batch size. One guided sample is
 * measurably faster than two samples of one row.
 */
final class RebalancingTest {

    private static final Duration FORWARD = Duration.ofMillis(10);
    private static final Duration ROW = Duration.ofMillis(5);
    private static final int SAMPLES = 8;
    private static final int STEPS = 40;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ComputeTarget EXACT = new ComputeTarget("cpu", ComputeTarget.Precision.FP32);
    private static final ModelFolder TINY =
            ModelFolder.open(Repository.ROOT.resolve("engine/src/test/resources/reference/checkpoints/default"));

    private final Vertx vertx = Vertx.vertx();
    private final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final NodeContext first = node("first");
    private final GatewayVerticle gateway = new GatewayVerticle(first, GatewayConfig.on("127.0.0.1", 0));
    private Server server;

    @BeforeEach
    void open() {
        deploy(first, new TextEncoderStage(List.of(TINY), EXACT, SAMPLES));
        deploy(first, new DecoderStage(List.of(TINY), EXACT, SAMPLES));
        deploy(first, slowDenoiser());
        get(vertx.deployVerticle(gateway));
        first.health().started();
        await().until(gateway::ready);
        server = Server.at("http://127.0.0.1:" + gateway.actualPort());
    }

    @AfterEach
    void close() {
        get(vertx.close());
    }

    @Test
    void aDenoiserThatJoinsTakesItsShareOfWhatRunsAndThePicturesAreTheSame() {
        List<byte[]> undisturbed =
                WatchedJob.start(server, request("standard", SAMPLES, STEPS)).pictures();

        WatchedJob job = WatchedJob.start(server, request("standard", SAMPLES, STEPS));
        awaitSteps(job, SAMPLES);
        deploy(node("second"), slowDenoiser());

        assertThat(job.pictures()).containsExactlyElementsOf(undisturbed);
        assertThat(job.events("resumed")).isNotEmpty().hasSizeLessThanOrEqualTo(SAMPLES);
        assertNothingGoesBack(job);
        assertThat(rowsDone()).isEqualTo(2 * 2 * SAMPLES * STEPS);
    }

    @Test
    void samplesThatWaitForMoreUrgentOnesGoToTheNodeThatJoinsWithTheirState() {
        List<byte[]> undisturbed =
                WatchedJob.start(server, request("batch", 2, 3 * STEPS)).pictures();

        WatchedJob job = WatchedJob.start(server, request("batch", 2, 3 * STEPS));
        awaitStepsOfEach(job, 2);
        WatchedJob urgent = WatchedJob.start(server, request("interactive", SAMPLES - 2, STEPS));
        awaitSteps(urgent, SAMPLES);
        deploy(node("second"), slowDenoiser());

        assertThat(job.pictures()).containsExactlyElementsOf(undisturbed);
        assertThat(job.events("resumed")).anyMatch(event -> event.path("step").asInt() > 0);
        urgent.pictures();
        assertNothingGoesBack(job);
        assertNothingGoesBack(urgent);
        assertThat(rowsDone()).isEqualTo(2 * (2 * 2 * 3 * STEPS + (SAMPLES - 2) * STEPS));
    }

    /** The reported steps, of which a slow reader may miss some. Each move is for rebalancing. */
    private static void assertNothingGoesBack(WatchedJob job) {
        assertThat(job.events("resumed"))
                .allSatisfy(event -> assertThat(event.path("reason").asText()).startsWith("rebalanced"));
        Map<Integer, Integer> steps = new HashMap<>();
        for (JsonNode event : job.all()) {
            int step = event.path("step").asInt();
            Integer before = steps.put(event.path("sample").asInt(), step);
            assertThat(step).as("%s", event).isGreaterThanOrEqualTo(before == null ? 0 : before);
        }
    }

    /**
     * Network rows of all forward passes of the samples. A step of a guided sample has two. There are no more, because
     * no step is repeated.
     */
    private double rowsDone() {
        return metrics.get("weir.stage.rows").tag("stage", "denoiser").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static void awaitSteps(WatchedJob job, int steps) {
        await().atMost(PATIENCE).until(() -> job.events("progress").size() >= steps);
    }

    private static void awaitStepsOfEach(WatchedJob job, int samples) {
        await().atMost(PATIENCE)
                .until(() -> job.events("progress").stream()
                                .map(event -> event.path("sample").asInt())
                                .distinct()
                                .count()
                        == samples);
    }

    private static Map<String, Object> request(String priority, int images, int steps) {
        return Map.of(
                "prompt",
                "a red apple",
                "seed",
                100,
                "n",
                images,
                "num_inference_steps",
                steps,
                "guidance_scale",
                5,
                "sampler",
                "euler_ancestral",
                "size",
                "64x64",
                "priority",
                priority);
    }

    private static Stage slowDenoiser() {
        return new SteppingStage(
                StageKind.DENOISER,
                RebalancingTest::slow,
                List.of(TINY),
                EXACT,
                new SteppingStage.Limits(2 * SAMPLES, 2));
    }

    private NodeContext node(String name) {
        return get(NodeContext.create(vertx, name, NodeConfig.Limits.DEFAULT, metrics));
    }

    private void deploy(NodeContext node, Stage stage) {
        get(vertx.deployVerticle(new StageNode(node, stage)));
    }

    private static <T> T get(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    /** The part of a model on a slowed device. */
    private static DiffusionPart slow(ModelFolder folder) {
        return WatchedDenoiser.part(
                folder, EXACT, rows -> LockSupport.parkNanos(FORWARD.toNanos() + rows.size() * ROW.toNanos()));
    }
}

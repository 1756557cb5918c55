package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.stage.StageNode;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A gateway in front of the runtime's own directory, dispatcher and stage nodes. */
final class RuntimeTest {

    private final Vertx vertx = Vertx.vertx();
    private final CountDownLatch gate = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(0);

    @AfterEach
    void close() {
        gate.countDown();
        TestGateway.get(vertx.close());
    }

    @Test
    void everyEventOfEveryStageArrivesInOrder() {
        NodeContext node = node("a");
        stage(node, StageKind.TEXT_ENCODER, open);
        stage(node, StageKind.DENOISER, open);
        stage(node, StageKind.DECODER, open);
        GatewayVerticle gateway = gateway(node);

        try (TestSocket socket = new TestSocket(vertx, gateway.actualPort())) {
            socket.generate("one", new JsonObject().put("num_inference_steps", 3));
            socket.awaitType("completed");

            assertThat(socket.events)
                    .extracting(event -> event.getString("type") + " " + event.getInteger("step"))
                    .containsExactly(
                            "queued 0",
                            "started 0",
                            "progress 1",
                            "preview 1",
                            "progress 2",
                            "preview 2",
                            "progress 3",
                            "preview 3",
                            "completed 3");
        }
    }

    @Test
    void whatADrainingNodeHandsBackIsMadeByAnother() {
        NodeContext first = node("a");
        NodeContext second = node("b");
        NodeContext third = node("c");
        stage(first, StageKind.TEXT_ENCODER, open);
        stage(first, StageKind.DECODER, open);
        stage(second, StageKind.DENOISER, gate);
        stage(third, StageKind.DENOISER, gate);
        GatewayVerticle gateway = gateway(first);
        await().until(() -> first.directory().alive(StageKind.DENOISER).size() == 2);

        try (TestSocket socket = new TestSocket(vertx, gateway.actualPort())) {
            for (int i = 0; i < 6; i++) {
                socket.generate("job-" + i, new JsonObject());
            }
            await().until(() -> held(first, "b") > 0 && held(first, "c") > 0);

            TestGateway.get(second.health().drain(Duration.ZERO));
            gate.countDown();

            await().until(() -> socket.events("completed").size() == 6);
            assertThat(socket.events("completed"))
                    .anySatisfy(event -> assertThat(event.getInteger("attempt")).isEqualTo(2));
            assertThat(socket.events("failed")).isEmpty();
        }
    }

    private static int held(NodeContext observer, String node) {
        return observer.directory().alive(StageKind.DENOISER).stream()
                .filter(status -> status.getNodeId().equals(node))
                .mapToInt(status -> status.getWaiting() + status.getRunning())
                .sum();
    }

    private NodeContext node(String id) {
        return TestGateway.get(NodeContext.create(
                vertx, id, NodeConfig.Limits.DEFAULT, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)));
    }

    private void stage(NodeContext node, StageKind kind, CountDownLatch deviceGate) {
        TestGateway.get(vertx.deployVerticle(new StageNode(node, new RelayStage(kind, deviceGate))));
    }

    private GatewayVerticle gateway(NodeContext node) {
        GatewayVerticle gateway = new GatewayVerticle(node, TestGateway.CONFIG);
        TestGateway.get(vertx.deployVerticle(gateway));
        node.health().started();
        await().until(gateway::ready);
        return gateway;
    }
}

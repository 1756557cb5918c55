package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Nodes that serve different weights under one id of a model: reported, and never mixed in one image. */
final class OtherWeightsTest {

    private static final int DENOISER = 1;
    private static final Map<String, String> OLD = Map.of("unet", "u1", "vae", "v1");
    private static final Map<String, String> NEW = Map.of("unet", "u2", "vae", "v1");

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void imagesAreOfTheWeightsOfMostNodesAndTheOthersAreReported() {
        serve(TestStage.NODE, OLD);
        gateway.directory.put(status(StageKind.DENOISER, "stranger", NEW));

        generate();

        assertThat(last().task.getFingerprintsMap()).isEqualTo(OLD);
        JsonArray nodes = cluster().getJsonArray("stages").getJsonObject(1).getJsonArray("nodes");
        assertThat(nodes.stream().map(JsonObject.class::cast).toList())
                .extracting(node -> node.getString("node") + " "
                        + node.getJsonArray("models").getJsonObject(0).getBoolean("other_weights"))
                .containsExactly(TestStage.NODE + " false", "stranger true");
        for (String probe : List.of("/healthz", "/readyz")) {
            var answer = gateway.fetch(probe);
            assertThat(answer.statusCode()).as("the node works").isEqualTo(200);
            assertThat(new JsonObject(answer.body()).getJsonArray("warnings").getString(0))
                    .contains("other weights under the id of the model tiny", "stranger (denoiser)");
        }
        assertThat(gateway.metrics.get("weir.gateway.other.weights").gauge().value())
                .isEqualTo(1);
    }

    @Test
    void whereAllServeTheSameNothingIsReported() {
        serve(TestStage.NODE, OLD);
        assertThat(new JsonObject(gateway.fetch("/healthz").body()).getJsonArray("warnings"))
                .isEmpty();
        assertThat(gateway.metrics.get("weir.gateway.other.weights").gauge().value())
                .isZero();
    }

    @Test
    void aSampleGoesOnWithTheWeightsThatItWasBegunWith() {
        serve(TestStage.NODE, OLD);
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                // By now most nodes serve others, but these are still there.
                serve("new-1", NEW);
                serve("new-2", NEW);
                sitting.start();
                sitting.handBack(checkpoint(OLD));
            } else {
                sitting.paint();
            }
        });

        generate();

        assertThat(last().task.getFingerprintsMap()).isEqualTo(OLD);
        assertThat(last().task.getResume().getStep()).isEqualTo(2);
        gateway.stage.script(Sitting::paint);
        generate();
        assertThat(last().task.getFingerprintsMap()).as("the next job").isEqualTo(NEW);
    }

    @Test
    void aSampleWhoseWeightsAreGoneBeginsAnewWithTheOthers() {
        serve(TestStage.NODE, OLD);
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                serve(TestStage.NODE, NEW);
                sitting.start();
                sitting.handBack(checkpoint(OLD));
            } else {
                sitting.paint();
            }
        });

        generate();

        assertThat(last().task.getFingerprintsMap()).isEqualTo(NEW);
        assertThat(last().task.hasResume())
                .as("no step of the old weights is used")
                .isFalse();
        assertThat(last().tensors).isEmpty();
    }

    private void generate() {
        var answer = gateway.generate(new JsonObject().put("prompt", "x"));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }

    private Sitting last() {
        return gateway.stage.sittings().get(gateway.stage.sittings().size() - 1);
    }

    private JsonObject cluster() {
        return new JsonObject(gateway.fetch("/v1/cluster").body());
    }

    private static Snapshot checkpoint(Map<String, String> fingerprints) {
        Snapshot snapshot = ResumingTest.snapshot(DENOISER, 2);
        return new Snapshot(
                snapshot.checkpoint().toBuilder()
                        .putAllFingerprints(fingerprints)
                        .build(),
                snapshot.tensors());
    }

    private void serve(String node, Map<String, String> fingerprints) {
        List.of(StageKind.TEXT_ENCODER, StageKind.DENOISER, StageKind.UPSAMPLER, StageKind.DECODER)
                .forEach(stage -> gateway.directory.put(status(stage, node, fingerprints)));
    }

    private static NodeStatus status(StageKind stage, String node, Map<String, String> fingerprints) {
        NodeStatus.Builder status = TestGateway.status(stage).setNodeId(node);
        status.setAddress(status.getAddress().replace(TestStage.NODE, node));
        status.getModelsBuilder(0).putAllFingerprints(fingerprints);
        return status.build();
    }
}

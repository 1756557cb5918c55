package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of samples whose numbers are NaN or infinite, and of those whose model is found broken. */
final class NotFiniteTest {

    private static final int STEPS = 6;
    private static final int DENOISER = 1;

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void aCheckpointThatIsNotFiniteIsLetGo() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.start();
                sitting.checkpoint(ResumingTest.snapshot(DENOISER, 1));
                sitting.checkpoint(new Snapshot(
                        ResumingTest.snapshot(DENOISER, 2).checkpoint(),
                        List.of(Tensor.ofFloats(Snapshot.PREFIX + "sample", new float[] {1, Float.NaN}, 2))));
                sitting.handBack();
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
        }
        assertThat(gateway.stage.sittings().get(1).task.getResume().getStep()).isEqualTo(1);
    }

    @Test
    void aSampleWhoseModelWasBrokenAtOneNodeGoesOnAtAnother() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.start();
                sitting.fail("not_finite", true);
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed")).hasSize(1);
        }
    }

    @Test
    void whereNoNodeIsLeftThatServesTheBrokenModelTheSampleFailsAtOnce() {
        NodeStatus.Builder denoiser = TestGateway.status(StageKind.DENOISER);
        gateway.stage.script(sitting -> {
            sitting.start();
            denoiser.getModelsBuilder(0).setProblem("its output is not finite");
            gateway.directory.put(denoiser.build());
            sitting.fail("not_finite", true);
        });
        try (TestSocket socket = socket()) {
            JsonObject error = socket.awaitType("failed").getJsonObject("error");
            assertThat(error.getString("code")).isEqualTo("not_finite");
        }
        assertThat(gateway.stage.sittings()).hasSize(1);
        JsonObject answer = new JsonObject(
                gateway.generate(new JsonObject().put("prompt", "x")).body());
        assertThat(answer.getJsonObject("error").getString("message"))
                .isEqualTo("no live node serves the model tiny at the stage denoiser: its output is not finite");
    }

    @Test
    void onItsLastAttemptTooASampleFailsAtOnceWhereNoNodeIsLeft() {
        int strikes = TestGateway.CONFIG.limits().strikes();
        NodeStatus.Builder denoiser = TestGateway.status(StageKind.DENOISER);
        gateway.stage.script(sitting -> {
            sitting.start();
            if (sitting.task.getRef().getAttempt() == strikes - 1) {
                denoiser.getModelsBuilder(0).setProblem("its output is not finite");
                gateway.directory.put(denoiser.build());
            }
            sitting.fail("not_finite", true);
        });
        try (TestSocket socket = socket()) {
            JsonObject error = socket.awaitType("failed").getJsonObject("error");
            assertThat(error.getString("code")).isEqualTo("not_finite");
        }
        assertThat(gateway.stage.sittings()).hasSize(strikes - 1);
    }

    @Test
    void aRequestThatOverflowsIsToldSoAndNotTriedAgain() {
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.fail("not_finite", false);
        });
        var answer = gateway.generate(new JsonObject().put("prompt", "x"));
        assertThat(answer.statusCode()).isEqualTo(500);
        JsonObject error = new JsonObject(answer.body()).getJsonObject("error");
        assertThat(error.getString("code")).isEqualTo("not_finite");
        assertThat(error.getString("type")).isEqualTo("server_error");
        assertThat(gateway.stage.sittings()).hasSize(1);
    }

    private TestSocket socket() {
        TestSocket socket = new TestSocket(gateway.vertx, gateway.port());
        socket.generate(
                "one",
                new JsonObject()
                        .put("num_inference_steps", STEPS)
                        .put("preview", new JsonObject().put("every_steps", 0)));
        return socket;
    }
}

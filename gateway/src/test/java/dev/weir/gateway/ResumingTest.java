package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Snapshot;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * What another attempt begins with, what those who watch hear of it, and when there is no other. The directory has the node "node-a"
 * only: a sample at another node is lost.
 */
@Execution(ExecutionMode.CONCURRENT)
final class ResumingTest {

    private static final int STEPS = 6;
    private static final int DENOISER = 1;
    private static final int DECODER = 2;

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void anotherNodeGoesOnFromTheNewestCheckpointAndNoStepIsToldTwice() {
        gateway.stage.script(sitting -> {
            switch (sitting.task.getRef().getAttempt()) {
                case 1 -> {
                    sitting.isAt("node-1");
                    sitting.start();
                    steps(sitting, 1, 2);
                    sitting.checkpoint(snapshot(DENOISER, 2));
                    steps(sitting, 3, 4);
                    sitting.checkpoint(snapshot(DENOISER, 1));
                }
                default -> {
                    sitting.start();
                    steps(sitting, 3, STEPS);
                    sitting.finish();
                }
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");

            assertThat(socket.events)
                    .extracting(event -> event.getString("type") + " " + event.getInteger("step"))
                    .containsExactly(
                            "queued 0",
                            "started 0",
                            "progress 1",
                            "progress 2",
                            "progress 3",
                            "progress 4",
                            "resumed 2",
                            "progress 5",
                            "progress 6",
                            "completed 6");
            JsonObject resumed = socket.events("resumed").get(0);
            assertThat(resumed.getInteger("attempt")).isEqualTo(2);
            assertThat(resumed.getString("reason")).contains("denoiser node node-1 was lost");
        }
        Sitting second = gateway.stage.sittings().get(1);
        assertThat(second.task.getPosition()).isZero();
        assertThat(second.task.getResume()).isEqualTo(snapshot(DENOISER, 2).checkpoint());
        assertThat(second.tensors).singleElement().satisfies(tensor -> {
            assertThat(tensor.name()).isEqualTo("checkpoint.sample");
            assertThat(tensor.toFloats()).containsExactly(DENOISER, 2);
        });
    }

    @Test
    void aFinishedLatentGoesStraightToADecoder() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.start();
                sitting.handBack(computedOn("torch avx2", "onnx avx512"));
            } else {
                sitting.finish();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed").get(0).getInteger("step")).isEqualTo(STEPS);
        }
        Task second = gateway.stage.sittings().get(1).task;
        assertThat(second.getPosition()).isEqualTo(DECODER);
        assertThat(second.getEnginesList()).containsExactly("torch avx2", "onnx avx512");
    }

    @Test
    void noNumberOfDrainsFailsASample() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() <= 5) {
                sitting.handBack(snapshot(DENOISER, 1));
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed")).hasSize(5).allMatch(event -> event.getInteger("step") == 1);
        }
    }

    @Test
    void aSampleThatAnotherNodeHasTimeForGoesOnThereAndIsMovedThreeTimesAtMost() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() <= 4) {
                sitting.handTo("weir.denoiser.idle", snapshot(DENOISER, 2));
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed")).hasSize(4).allSatisfy(event -> {
                assertThat(event.getInteger("step")).isEqualTo(2);
                assertThat(event.getString("reason")).startsWith("rebalanced");
            });
        }
        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getPrefer())
                .containsExactly(
                        "", "weir.denoiser.idle", "weir.denoiser.idle", "weir.denoiser.idle", "weir.denoiser.idle");
        assertThat(gateway.stage.sittings())
                .extracting(sitting -> sitting.task.getStays())
                .containsExactly(false, false, false, true, true);
        assertThat(gateway.metrics
                        .get("weir.gateway.restarts")
                        .tag("reason", "rebalanced")
                        .counter()
                        .count())
                .isEqualTo(4);
    }

    @Test
    void threeLossesWithoutProgressFailASampleAndNameTheNodes() {
        gateway.stage.script(sitting -> {
            sitting.isAt("node-" + sitting.task.getRef().getAttempt());
            sitting.start();
            steps(sitting, 1, 2);
        });
        try (TestSocket socket = socket()) {
            JsonObject error = socket.awaitType("failed").getJsonObject("error");
            assertThat(error.getString("code")).isEqualTo("node_lost");
            assertThat(error.getString("message")).contains("3 times", "node-1, node-2, node-3");
            assertThat(socket.events("resumed")).hasSize(2);
        }
    }

    @Test
    void whoSeesNoStageAtAllMayBeCutOffAndDoesNotBlameTheSample() {
        gateway.stage.script(sitting -> {
            sitting.isAt("node-" + sitting.task.getRef().getAttempt());
            sitting.start();
            if (sitting.task.getRef().getAttempt() > 3) {
                sitting.finish();
            }
        });
        try (TestSocket socket = socket()) {
            await().until(() -> gateway.stage.sittings().size() == 3);
            List<NodeStatus> all = gateway.directory.alive();
            all.forEach(status -> gateway.directory.remove(status.getStage()));
            await().until(() -> socket.events("resumed").size() >= 3);

            all.forEach(gateway.directory::put);

            socket.awaitType("completed");
            assertThat(socket.events("failed")).isEmpty();
        }
    }

    @Test
    void aNodeThatIsLostAndBackAgainAndAgainDidNotDieOfTheSample() {
        gateway.stage.script(sitting -> {
            sitting.isAt("node-1");
            sitting.start();
            if (sitting.task.getRef().getAttempt() == 5) {
                sitting.finish();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("failed")).isEmpty();
        }
    }

    @Test
    void aLastChanceThatFindsNoNodeDoesNotKeepOthersFromTheirs() {
        gateway.stage.script(sitting -> {
            boolean isFirst = sitting.task.getRef().getSample() == 0;
            if (sitting.task.getRef().getAttempt() <= 2) {
                sitting.fail("out_of_memory", true);
            } else if (isFirst && attemptsAt(1) < 3) {
                sitting.fail("no_node", true);
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate(
                    "two", new JsonObject().put("num_inference_steps", STEPS).put("n", 2));

            await().until(() -> socket.events("completed").size() == 2);
        }
    }

    private long attemptsAt(int sample) {
        return gateway.stage.sittings().stream()
                .filter(sitting -> sitting.task.getRef().getSample() == sample)
                .count();
    }

    @Test
    void aSampleThatComesFurtherEachTimeIsNotGivenUp() {
        gateway.stage.script(sitting -> {
            int attempt = sitting.task.getRef().getAttempt();
            sitting.isAt("node-" + attempt);
            sitting.start();
            steps(sitting, 1, attempt);
            if (attempt == STEPS) {
                sitting.finish();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("progress"))
                    .extracting(event -> event.getInteger("step"))
                    .containsExactlyElementsOf(
                            IntStream.rangeClosed(1, STEPS).boxed().toList());
        }
    }

    @Test
    void ofThoseThatAreLostTogetherOnlyTheOneThatKillsItsNodesFails() {
        gateway.stage.script(sitting -> {
            boolean kills = sitting.task.getRef().getSample() == 0;
            sitting.isAt("node-" + sitting.task.getRef().getAttempt());
            sitting.start();
            boolean isAlone = sitting.task.getRef().getAttempt() == 3;
            if (isAlone && !kills) {
                steps(sitting, 1, STEPS);
                sitting.finish();
            }
        });
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate(
                    "three", new JsonObject().put("num_inference_steps", STEPS).put("n", 3));
            await().until(() -> gateway.stage.sittings().size() == 3);
            await().until(() -> gateway.stage.sittings().size() == 7);
            assertThat(attempts(3))
                    .as("in their third attempt before the first of them has ended")
                    .isEqualTo(1);
            await().until(() -> socket.events("completed").size() == 2);
            assertThat(socket.events("failed")).singleElement().satisfies(failed -> {
                assertThat(failed.getInteger("sample")).isZero();
                assertThat(failed.getJsonObject("error").getString("message")).contains("node-1, node-2, node-3");
            });
        }
    }

    @Test
    void noNodeAtAllIsNoStrike() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() <= 4) {
                sitting.fail("no_node", true);
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed")).hasSize(4);
        }
    }

    @Test
    void aCheckpointOffTheRouteIsLetGo() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.checkpoint(snapshot(7, 3));
                sitting.handBack();
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
        }
        assertThat(gateway.stage.sittings().get(1).task.hasResume()).isFalse();
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

    /** Each attempt in turn is lost, once the gateway knows who has it. */
    private long attempts(int number) {
        return gateway.stage.sittings().stream()
                .filter(sitting -> sitting.task.getRef().getAttempt() == number)
                .count();
    }

    private static void steps(Sitting sitting, int first, int last) {
        IntStream.rangeClosed(first, last).forEach(sitting::step);
    }

    private static Snapshot computedOn(String... engines) {
        Snapshot latent = snapshot(DECODER, 0);
        return new Snapshot(
                latent.checkpoint().toBuilder().addAllEngines(List.of(engines)).build(), latent.tensors());
    }

    static Snapshot snapshot(int position, int step) {
        Checkpoint checkpoint =
                Checkpoint.newBuilder().setPosition(position).setStep(step).build();
        String name = step > 0 ? Snapshot.PREFIX + "sample" : Snapshot.GIVEN + "latent";
        return new Snapshot(checkpoint, List.of(Tensor.ofFloats(name, new float[] {position, step}, 2)));
    }
}

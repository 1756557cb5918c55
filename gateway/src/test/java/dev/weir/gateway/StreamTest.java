package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.GatewayConfig.Patience;
import dev.weir.gateway.TestStage.Sitting;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
final class StreamTest {

    private static final Patience SHORT = new Patience(
            Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofMillis(500), Duration.ofSeconds(30));

    private TestGateway gateway = new TestGateway();

    @AfterEach
    void nothingIsLeft() {
        await().until(() -> gateway.isIdle() && gateway.sockets() == 0);
        gateway.close();
    }

    @Test
    void tellsAJobFromQueuedToCompletedWithItsFrames() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("mine", new JsonObject().put("seed", 3));

            JsonObject completed = socket.awaitType("completed");

            assertThat(socket.events)
                    .allSatisfy(event -> assertThat(event.fieldNames())
                            .contains("type", "id", "job", "sample", "seq", "step", "total"))
                    .extracting(event -> event.getString("type"))
                    .startsWith("queued", "started")
                    .contains("progress", "preview")
                    .endsWith("completed");
            assertThat(socket.events).extracting(event -> event.getLong("seq")).isSorted();
            assertThat(completed.getLong("seed")).isEqualTo(3);
            assertThat(completed.getString("id")).isEqualTo("mine");
            TestSocket.Frame last = socket.frames.get(socket.frames.size() - 1);
            assertThat(last.header().getString("kind")).isEqualTo("final");
            assertThat(last.header().getString("job")).isEqualTo(completed.getString("job"));
            assertThat(last.image()).isEqualTo(TestStage.IMAGE);
            assertThat(socket.frames.subList(0, socket.frames.size() - 1))
                    .isNotEmpty()
                    .allSatisfy(frame -> {
                        assertThat(frame.header().getString("kind")).isEqualTo("preview");
                        assertThat(new String(frame.image(), java.nio.charset.StandardCharsets.UTF_8))
                                .isEqualTo("frame " + frame.header().getInteger("step"));
                    });
        }
    }

    @Test
    void carriesSeveralJobsAndCancelsTheOneThatIsNamed() {
        gateway.stage.script(Sitting::start);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("one", new JsonObject());
            socket.generate("two", new JsonObject().put("n", 2));
            await().until(() -> gateway.stage.sittings().size() == 3);

            socket.send(new JsonObject().put("type", "cancel").put("id", "two"));
            await().until(() -> socket.events("cancelled").size() == 2);
            Sitting one = gateway.stage.sittings().get(0);
            one.paint();

            assertThat(socket.awaitType("completed").getString("id")).isEqualTo("one");
            assertThat(socket.events("cancelled"))
                    .allSatisfy(event -> assertThat(event.getString("id")).isEqualTo("two"));
            String job = socket.events("cancelled").get(0).getString("job");
            // It is told again, by sample, where the stage's acceptance comes after the cancellation.
            assertThat(gateway.cancels).isNotEmpty().allSatisfy(told -> assertThat(told)
                    .startsWith(job));
        }
    }

    @Test
    void cancelsTheOnePictureThatIsNamedAndTheOthersGoOn() {
        gateway.stage.script(Sitting::start);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("mine", new JsonObject().put("n", 3));
            await().until(() -> gateway.stage.sittings().size() == 3);

            socket.send(new JsonObject().put("type", "cancel").put("id", "mine").put("sample", 1));

            JsonObject cancelled = socket.awaitType("cancelled");
            assertThat(cancelled.getInteger("sample")).isEqualTo(1);
            // It is told again where the stage's acceptance comes after the cancellation.
            await().untilAsserted(() -> assertThat(gateway.cancels).containsOnly(cancelled.getString("job") + "/1"));
            gateway.stage.sittings().forEach(Sitting::paint);
            await().until(() -> socket.events("completed").size() == 2);
            assertThat(socket.events("completed"))
                    .extracting(event -> event.getInteger("sample"))
                    .containsExactlyInAnyOrder(0, 2);
            assertThat(socket.events("cancelled")).hasSize(1);
        }
    }

    @Test
    void aPictureThatTheJobDoesNotHaveCannotBeCancelled() {
        gateway.stage.script(Sitting::start);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("mine", new JsonObject().put("n", 2));
            await().until(() -> gateway.stage.sittings().size() == 2);

            socket.send(new JsonObject().put("type", "cancel").put("id", "mine").put("sample", 2));

            JsonObject error = socket.awaitType("error").getJsonObject("error");
            assertThat(error.getString("code")).isEqualTo("out_of_range");
            assertThat(error.getString("param")).isEqualTo("sample");
            assertThat(gateway.<Integer>ask(jobs -> jobs.samplesInFlight())).isEqualTo(2);
        }
    }

    @Test
    void closingTheSocketCancelsItsJobs() {
        gateway.stage.script(Sitting::start);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("one", new JsonObject());
            await().until(() -> gateway.stage.sittings().size() == 1);
        }

        await().until(() -> gateway.cancels.size() == 1);
    }

    @Test
    void aJobThatIsToBeFinishedOutlivesItsSocket() {
        gateway.stage.script(Sitting::start);
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("one", new JsonObject().put("on_disconnect", "finish"));
            await().until(() -> gateway.stage.sittings().size() == 1);
        }
        await().until(() -> gateway.sockets() == 0);
        Sitting sitting = gateway.stage.sittings().get(0);

        sitting.paint();

        await().until(gateway::isIdle);
        String job = sitting.task.getRef().getJobId();
        assertThat(gateway.fetch("/v1/jobs/" + job + "/images/0").body()).isEqualTo(new String(TestStage.IMAGE));
        assertThat(gateway.cancels).isEmpty();
    }

    @Test
    void framesThatWereOvertakenAndEndsThatComeTwiceAreLetGo() {
        byte[] picture = TestStage.IMAGE;
        gateway.stage.script(sitting -> {
            sitting.start();
            sitting.frame(2, picture);
            sitting.frame(1, picture);
            sitting.finish();
            sitting.finish();
            sitting.fail("late", false);
        });
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.generate("first", new JsonObject());
            socket.awaitType("completed");
            socket.generate("second", new JsonObject());
            await().until(() -> socket.events("completed").size() == 2);

            assertThat(socket.events("preview"))
                    .extracting(event -> event.getInteger("step"))
                    .containsOnly(2);
            assertThat(socket.events("failed")).isEmpty();
        }
    }

    @Test
    void badCommandsAreAnsweredAndTheSocketStaysOpen() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            TestGateway.get(socket.socket.writeTextMessage("{"));
            socket.send(new JsonObject().put("type", "draw"));
            socket.send(new JsonObject().put("type", "generate").put("id", "x").put("prompt", 7));
            socket.send(new JsonObject().put("type", "cancel"));
            socket.send(new JsonObject().put("type", "cancel").put("id", "unknown"));
            socket.send(
                    new JsonObject().put("type", "generate").put("prompt", "a").put("steps", 3));
            await().until(() -> socket.events("error").size() == 6);

            assertThat(socket.events("error"))
                    .extracting(event -> event.getJsonObject("error").getString("code"))
                    .containsExactly(
                            "invalid_json",
                            "invalid_value",
                            "invalid_type",
                            "missing_required_parameter",
                            "unknown_job",
                            "unknown_parameter");
            assertThat(socket.events("error").get(2).getString("id")).isEqualTo("x");
            assertThat(gateway.stage.sittings()).isEmpty();

            socket.generate("fine", new JsonObject());
            socket.awaitType("completed");
        }
    }

    @Test
    void aSlowClientGetsFewerFramesAndStillItsPictureWhileMemoryStaysBounded() {
        int steps = 50;
        byte[] frame = new byte[1 << 20];
        gateway.stage.script(sitting -> {
            sitting.start();
            for (int round = 0; round < 4; round++) {
                for (int step = 1; step <= steps; step++) {
                    sitting.frame(round * steps + step, frame);
                }
            }
            sitting.finish();
        });
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            socket.socket.pause();
            socket.generate("slow", new JsonObject().put("num_inference_steps", steps));
            await().until(() -> gateway.stage.sittings().size() == 1 && gateway.isIdle());

            assertThat(gateway.waitingMessages()).isLessThanOrEqualTo(3);

            socket.socket.resume();
            socket.awaitType("completed");
            TestSocket.Frame last = socket.frames.get(socket.frames.size() - 1);
            assertThat(last.image()).isEqualTo(TestStage.IMAGE);
            assertThat(socket.frames).hasSizeLessThan(steps);
        }
    }

    @Test
    void aClientThatStopsReadingIsCutOff() {
        gateway.close();
        gateway = new TestGateway(TestGateway.CONFIG.with(SHORT));
        byte[] frame = new byte[1 << 20];
        int[] step = {0};
        // The system buffers some MiB for a client that does not read, so there are frames until the client is cut off.
        gateway.stage.script(sitting -> {
            sitting.start();
            gateway.vertx.setPeriodic(10, timer -> {
                sitting.frame(++step[0], frame);
                if (!gateway.cancels.isEmpty()) {
                    gateway.vertx.cancelTimer(timer);
                }
            });
        });
        try (RawWebSocket socket = new RawWebSocket(gateway.port())) {
            socket.send("{\"type\": \"generate\", \"id\": \"stuck\", \"prompt\": \"a\", \"num_inference_steps\": 50}");

            await().until(() -> gateway.cancels.size() == 1);
            await().until(() -> gateway.sockets() == 0);
        }
    }

    @Test
    void aPageOfAnotherOriginMayNotConnect() {
        WebSocketClient client = gateway.vertx.createWebSocketClient();
        for (String origin : List.of("http://evil.example", "null", "http://127.0.0.1:1")) {
            WebSocketConnectOptions options = new WebSocketConnectOptions()
                    .setHost("127.0.0.1")
                    .setPort(gateway.port())
                    .setURI("/v1/stream")
                    .addHeader("Origin", origin);

            assertThatThrownBy(() -> TestGateway.get(client.connect(options)))
                    .rootCause()
                    .hasMessageContaining("403");
        }
        TestGateway.get(client.close());
    }
}

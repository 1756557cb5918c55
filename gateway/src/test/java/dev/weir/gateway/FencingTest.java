package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.runtime.stage.Attempt;
import io.vertx.core.json.JsonObject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Which attempt at a sample counts when stages and owners disagree. */
@Execution(ExecutionMode.CONCURRENT)
final class FencingTest {

    private static final int STEPS = 6;

    private final TestGateway gateway = new TestGateway();

    @AfterEach
    void close() {
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void whatSomebodyElseEndedIsTriedAgainUntilTheLedgerSaysWhoseItIs() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() <= 4) {
                sitting.supersede(0);
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("failed")).isEmpty();
        }
    }

    @Test
    void theAttemptAfterASupersededOneIsOfALaterEpochWhateverTheNumbers() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.supersede(12);
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            assertThat(socket.awaitType("completed").getInteger("attempt")).isEqualTo(2);
            assertThat(socket.events("resumed")).hasSize(1);
        }
        assertThat(gateway.stage.sittings())
                .extracting(sitting -> Attempt.of(sitting.task.getRef()))
                .containsExactly(new Attempt(0, 1), new Attempt(1, 2));
    }

    @Test
    void aSampleWhoseNodeIsNotAliveGoesOnElsewhereThoughNobodyReportedTheLoss() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.isAt("node-gone");
                sitting.start();
            } else {
                sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            socket.awaitType("completed");
            assertThat(socket.events("resumed")).singleElement().satisfies(resumed -> assertThat(
                            resumed.getString("reason"))
                    .contains("node-gone was lost"));
        }
    }

    @Test
    void anOlderAttemptThatIsKnownElsewhereTakesNothingBack() {
        gateway.stage.script(sitting -> {
            switch (sitting.task.getRef().getAttempt()) {
                case 1 -> sitting.handBack();
                case 2 -> sitting.supersede(1);
                default -> sitting.paint();
            }
        });
        try (TestSocket socket = socket()) {
            assertThat(socket.awaitType("completed").getInteger("attempt")).isEqualTo(3);
        }
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

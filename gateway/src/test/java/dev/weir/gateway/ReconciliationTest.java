package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.Holdings;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Attempt;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What stages state to hold, beside what the gateway's samples need. */
@Execution(ExecutionMode.CONCURRENT)
final class ReconciliationTest {

    private static final String OWN = "weir.gateway.gateway-a";
    private static final String OTHER = "weir.gateway.other";

    private final TestGateway gateway = new TestGateway();
    private final TestSocket socket = new TestSocket(gateway.vertx, gateway.port());
    private long sequence;

    @AfterEach
    void close() {
        socket.close();
        await().until(gateway::isIdle);
        gateway.close();
    }

    @Test
    void aSampleThatItsNodeDoesNotListGoesOnInANewAttempt() {
        gateway.stage.script(Sitting::start);
        generate();
        await().until(() -> gateway.stage.sittings().size() == 1);

        list();

        await().until(() -> gateway.stage.sittings().size() == 2);
        assertThat(socket.awaitType("resumed").getString("reason")).contains("no node has the sample");
        gateway.stage.sittings().get(1).paint();
        socket.awaitType("completed");
    }

    @Test
    void aSampleWhoseNodeHasLeftGoesOnBeforeAnOlderOneThatItsNodeDoesNotList() {
        gateway.stage.script(sitting -> {
            if (gateway.stage.sittings().size() == 2) {
                sitting.isAt("node-gone");
            }
            sitting.start();
        });
        generate();
        await().until(() -> gateway.stage.sittings().size() == 1);
        generate();
        await().until(() -> {
            list(holding(ref(0), OWN));
            return gateway.stage.sittings().size() == 2;
        });

        list();

        await().until(() -> gateway.stage.sittings().size() == 4);
        assertThat(socket.events("resumed"))
                .extracting(resumed -> resumed.getString("reason"))
                .satisfiesExactly(
                        gone -> assertThat(gone).contains("node-gone was lost"),
                        unlisted -> assertThat(unlisted).contains("no node has the sample"));
        gateway.stage.sittings().subList(2, 4).forEach(Sitting::paint);
        await().until(() -> socket.events("completed").size() == 2);
    }

    @Test
    void aSampleThatANodeListsIsLeftThereHoweverSilentItIs() {
        gateway.stage.script(Sitting::start);
        generate();
        await().until(() -> gateway.stage.sittings().size() == 1);

        await().during(Duration.ofSeconds(3)).until(() -> {
            list(holding(ref(0), OWN));
            return gateway.stage.sittings().size() == 1;
        });
        gateway.stage.sittings().get(0).paint();
        socket.awaitType("completed");
    }

    @Test
    void workThatBelongsToNoSampleIsCancelledAndThatOfOtherGatewaysIsNot() {
        SampleRef ended = SampleRef.newBuilder().setJobId("ended").setAttempt(3).build();
        SampleRef others = ended.toBuilder().setJobId("others").build();

        list(holding(others, OTHER), holding(ended, OWN));

        await().until(() -> !gateway.cancellations.isEmpty());
        assertThat(gateway.cancellations)
                .containsExactly(
                        Cancel.newBuilder().setSample(ended).setOwner(OWN).build());
    }

    @Test
    void olderAttemptsAreCancelledWhosesoeverTheyAreAndTheCurrentOneIsNot() {
        gateway.stage.script(sitting -> {
            if (sitting.task.getRef().getAttempt() == 1) {
                sitting.supersede(3, 7);
            } else {
                sitting.start();
            }
        });
        generate();
        await().until(() -> gateway.stage.sittings().size() == 2);
        SampleRef first = ref(0);
        SampleRef before = first.toBuilder().setAttempt(7).setEpoch(3).build();
        assertThat(Attempt.of(ref(1))).isEqualTo(new Attempt(4, 2));

        list(holding(first, OWN), holding(before, OTHER), holding(ref(1), OWN));

        await().until(() -> gateway.cancellations.size() == 2);
        assertThat(gateway.cancellations)
                .containsExactly(
                        Cancel.newBuilder().setSample(first).setOwner(OWN).build(),
                        Cancel.newBuilder().setSample(before).setOwner(OTHER).build());
        gateway.stage.sittings().get(1).paint();
        socket.awaitType("completed");
    }

    private SampleRef ref(int sitting) {
        return gateway.stage.sittings().get(sitting).task.getRef();
    }

    private void generate() {
        socket.generate("id-" + gateway.stage.sittings().size(), new JsonObject().put("num_inference_steps", 4));
    }

    private static Holding holding(SampleRef ref, String owner) {
        return Holding.newBuilder().setRef(ref).setOwner(owner).build();
    }

    /** The denoiser's next status. */
    private void list(Holding... held) {
        gateway.directory.put(TestGateway.status(StageKind.DENOISER)
                .setSequence(++sequence)
                .setHoldings(Holdings.newBuilder().addAllSamples(List.of(held)))
                .build());
    }
}

package dev.weir.runtime.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import dev.weir.runtime.TestStage;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class OffersTest {

    private final InFlightTable inFlight = new InFlightTable(() -> 2);
    private final Offers offers = new Offers(new TestStage(StageKind.DECODER, 2), inFlight);

    @Test
    void theSameTaskIsAcceptedAgainAndTakenOnce() {
        take(task(12, "one"));

        Offers.Decision again = offers.decide(task(12, "one"), false, 0);

        assertThat(again.reply().getVerdict()).isEqualTo(Verdict.ACCEPTED);
        assertThat(again.take()).isFalse();
    }

    @Test
    void anOwnerWhoseAttemptIsNotTheOnlyOneOfItsNumberIsToldTheNewest() {
        take(task(12, "one"));

        assertThat(refusal(task(12, "other")))
                .isEqualTo(superseded("attempt 12 of epoch 0 of job/0 is not the newest", 12));
        assertThat(refusal(task(3, "other")))
                .isEqualTo(superseded("attempt 3 of epoch 0 of job/0 is not the newest", 12));
        assertThat(offers.decide(task(13, "other"), false, 0).take()).isTrue();
    }

    @Test
    void whoComesAfterAnotherOwnersEndIsToldTheLastOfItsAttempts() {
        inFlight.cancel(Cancellation.of(
                Cancel.newBuilder().setJobId("job").setAttempt(12).build()));

        assertThat(refusal(task(2, "other"))).isEqualTo(superseded("the job job was cancelled", 12));
        assertThat(offers.decide(task(13, "other"), false, 0).take()).isTrue();
    }

    @Test
    void noAttemptIsLateEnoughForAJobThatWasCancelledWhole() {
        take(task(12, "one"));
        inFlight.cancel(Cancellation.of(
                Cancel.newBuilder().setJobId("job").setAttempt(0).build()));

        assertThat(refusal(task(13, "one"))).isEqualTo(superseded("the job job was cancelled", 0));
    }

    @Test
    void aTaskOfOtherWeightsIsNotTaken() {
        Task same = task(1, "one").toBuilder().putFingerprints("unet", "u1").build();
        assertThat(refusal(same.toBuilder().putFingerprints("unet", "u2").build())
                        .getVerdict())
                .isEqualTo(Verdict.UNKNOWN_MODEL);
        take(same);
    }

    @Test
    void aPositionThatIsNotOnTheRouteIsInvalid() {
        for (int position : new int[] {-1, Integer.MIN_VALUE, 99}) {
            OfferReply reply =
                    refusal(task(1, "one").toBuilder().setPosition(position).build());
            assertThat(reply.getVerdict()).isEqualTo(Verdict.INVALID);
            assertThat(reply.getDetail()).contains(Integer.toUnsignedString(position));
        }
    }

    @Test
    void workThatWaitsForItsModelTakesHalfOfTheCredits() {
        var table = new InFlightTable(() -> 4);
        var stage = new TestStage(StageKind.DECODER, 4);
        var some = new Offers(stage, table);
        stage.unloaded = true;
        var model = new CompletableFuture<Void>();
        for (String job : List.of("a", "b")) {
            assertThat(some.decide(task(job, 1, "one"), false, 0).take()).isTrue();
            table.take(new Work(task(job, 1, "one"), List.of()), 0).uses(using(model));
        }

        assertThat(some.decide(task("c", 1, "one"), false, 0).reply().getVerdict())
                .isEqualTo(Verdict.BUSY);
        assertThat(some.decide(task("b", 2, "one"), false, 0).take())
                .as("a newer attempt takes no more room")
                .isTrue();
        stage.unloaded = false;
        assertThat(some.decide(task("c", 1, "one"), false, 0).take())
                .as("of a model in memory")
                .isTrue();
        stage.unloaded = true;
        model.complete(null);
        assertThat(some.decide(task("c", 1, "one"), false, 0).take())
                .as("none waits for a model")
                .isTrue();
    }

    @Test
    void aStageOfOneCreditLoadsModelsToo() {
        var stage = new TestStage(StageKind.DECODER, 1);
        stage.unloaded = true;

        assertThat(new Offers(stage, new InFlightTable(() -> 1))
                        .decide(task(1, "one"), false, 0)
                        .take())
                .isTrue();
    }

    private static Loading.Use using(CompletionStage<?> ready) {
        return new Loading.Use() {
            @Override
            public CompletionStage<?> ready() {
                return ready;
            }

            @Override
            public void close() {
                // Nothing is counted.
            }
        };
    }

    private void take(Task task) {
        assertThat(offers.decide(task, false, 0).take()).isTrue();
        inFlight.take(new Work(task, List.of()), 0);
    }

    private OfferReply refusal(Task task) {
        Offers.Decision decision = offers.decide(task, false, 0);
        assertThat(decision.take()).isFalse();
        return decision.reply();
    }

    private static OfferReply superseded(String detail, int newestAttempt) {
        return OfferReply.newBuilder()
                .setVerdict(Verdict.SUPERSEDED)
                .setDetail(detail)
                .setNewestAttempt(newestAttempt)
                .build();
    }

    private static Task task(int attempt, String owner) {
        return task("job", attempt, owner);
    }

    private static Task task(String job, int attempt, String owner) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(job).setAttempt(attempt))
                .setOwner(owner)
                .setModel(TestStage.MODEL)
                .setGeneration(Generation.newBuilder().setPrompt("a red apple"))
                .addRoute(Stages.of(StageKind.DECODER, 1))
                .build();
    }
}

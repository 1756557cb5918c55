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
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId("job").setAttempt(attempt))
                .setOwner(owner)
                .setModel(TestStage.MODEL)
                .setGeneration(Generation.newBuilder().setPrompt("a red apple"))
                .addRoute(Stages.of(StageKind.DECODER, 1))
                .build();
    }
}

package dev.weir.runtime.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.Stages;
import dev.weir.runtime.stage.InFlightTable.Answer;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InFlightTableTest {

    private final InFlightTable inFlight = new InFlightTable(() -> 2);

    @Test
    void noMoreIsHeldThanThereAreCredits() {
        take(task("a", 1));
        take(task("b", 1));

        assertThat(inFlight.answer(task("c", 1))).isEqualTo(Answer.FULL);
        assertThat(inFlight.freeCredits()).isZero();
        inFlight.release(inFlight.all().get(0));
        assertThat(inFlight.answer(task("c", 1))).isEqualTo(Answer.TAKE);
    }

    @Test
    void theSameTaskIsTakenOnceEvenAfterItIsDone() {
        Held held = take(task("a", 1));
        assertThat(inFlight.answer(task("a", 1))).isEqualTo(Answer.TAKEN_BEFORE);
        inFlight.release(held);

        assertThat(inFlight.answer(task("a", 1))).isEqualTo(Answer.TAKEN_BEFORE);
        assertThat(inFlight.answer(task("a", 2))).isEqualTo(Answer.TAKE);
    }

    @Test
    void theSameSampleMayComeAgainFurtherDownItsRoute() {
        take(task("a", 1));

        assertThat(inFlight.answer(task("a", 1).toBuilder().setPosition(3).build()))
                .isEqualTo(Answer.TAKE);
    }

    @Test
    void anOlderAttemptIsStaleAndANewerOneNeedsNoCreditOfItsOwn() {
        take(task("a", 2));
        take(task("b", 1));

        assertThat(inFlight.answer(task("a", 1))).isEqualTo(Answer.STALE_ATTEMPT);
        assertThat(inFlight.answer(task("a", 3))).isEqualTo(Answer.TAKE);
        assertThat(inFlight.olderThan(task("a", 3))).hasSize(1);
    }

    @Test
    void theSameAttemptOfAnotherOwnerIsNotTheSameTask() {
        Held held = take(task("a", 12, "one"));
        Task other = task("a", 12, "other");

        assertThat(inFlight.answer(task("a", 12, "one"))).isEqualTo(Answer.TAKEN_BEFORE);
        assertThat(inFlight.answer(other)).isEqualTo(Answer.STALE_ATTEMPT);
        assertThat(inFlight.answer(other.toBuilder().setPosition(1).build())).isEqualTo(Answer.STALE_ATTEMPT);
        inFlight.release(held);
        assertThat(inFlight.answer(other)).isEqualTo(Answer.STALE_ATTEMPT);
        assertThat(inFlight.newest(other.getRef())).isEqualTo(new Attempt(0, 12));
        assertThat(inFlight.answer(task("a", 13, "other"))).isEqualTo(Answer.TAKE);
    }

    @Test
    void theNewestAttemptIsThatOfTheSampleOrOfTheCancelledOnesOfItsJob() {
        assertThat(newestAttempt("a")).isZero();
        take(task("a", 4));
        assertThat(newestAttempt("a")).isEqualTo(4);
        inFlight.cancel(cancellation("a", 3));
        assertThat(newestAttempt("a")).isEqualTo(4);
        inFlight.cancel(cancellation("a", 7));
        assertThat(newestAttempt("a")).isEqualTo(7);

        inFlight.cancel(cancellation("a", 0));

        assertThat(newestAttempt("a")).as("of a job that was cancelled whole").isZero();
    }

    @Test
    void framesHaveALittleRoomOfTheirOwnAndNoneWherePicturesFillTheNode() {
        for (int step = 1; step <= InFlightTable.FRAME_ROOM; step++) {
            take(frame("a", step));
        }

        assertThat(inFlight.answer(frame("a", 99))).isEqualTo(Answer.FULL);
        assertThat(inFlight.answer(frame("a", 1))).isEqualTo(Answer.TAKEN_BEFORE);
        assertThat(inFlight.freeCredits()).isEqualTo(2);
        inFlight.release(inFlight.all().get(0));
        assertThat(inFlight.answer(frame("a", 99))).isEqualTo(Answer.TAKE);
        take(task("a", 1));
        take(task("b", 1));
        assertThat(inFlight.answer(frame("a", 99))).isEqualTo(Answer.FULL);
    }

    @Test
    void ofACancelledJobNothingIsTakenAnyMore() {
        take(task("a", 1));
        take(task("b", 1));

        assertThat(inFlight.cancel(cancellation("a", 0)))
                .extracting(held -> held.work.key().jobId())
                .containsExactly("a");
        assertThat(inFlight.answer(task("a", 2))).isEqualTo(Answer.CANCELLED);
        assertThat(inFlight.answer(task("b", 2))).isEqualTo(Answer.TAKE);
    }

    @Test
    void ofACancelledSampleNothingIsTakenAndOfItsJobTheRest() {
        take(task("a", 1));
        SampleRef ref = task("a", 2).getRef();
        Task neighbour = task("a", 1).toBuilder()
                .setRef(ref.toBuilder().setSample(1).setAttempt(1))
                .build();
        take(neighbour);

        assertThat(inFlight.cancel(
                        Cancellation.of(Cancel.newBuilder().setSample(ref).build())))
                .extracting(held -> held.work.key())
                .containsExactly(SampleKey.of(ref));
        assertThat(inFlight.answer(task("a", 2))).isEqualTo(Answer.CANCELLED);
        assertThat(inFlight.newest(ref)).isEqualTo(new Attempt(0, 2));
        assertThat(inFlight.answer(neighbour)).isEqualTo(Answer.TAKEN_BEFORE);
        inFlight.release(inFlight.all().get(0));
        assertThat(inFlight.answer(task("a", 3))).as("another owner's").isEqualTo(Answer.TAKE);
    }

    @Test
    void laterAttemptsThanThoseOfACancelledJobAreAnotherOwners() {
        take(task("a", 1));

        assertThat(inFlight.cancel(cancellation("a", 3))).hasSize(1);
        assertThat(inFlight.answer(task("a", 3))).isEqualTo(Answer.CANCELLED);
        take(task("a", 4));

        assertThat(inFlight.cancel(cancellation("a", 3)))
                .as("of attempts up to the third")
                .isEmpty();
        assertThat(inFlight.answer(task("a", 5))).isEqualTo(Answer.TAKE);
    }

    @Test
    void backlogCountsWhatTheDeviceHasStillToDo() {
        Held first = take(task("a", 1));
        take(task("b", 1));
        assertThat(inFlight.forwardsLeft()).isEqualTo(40);
        first.start(5);
        first.done(15);
        assertThat(inFlight.forwardsLeft()).isEqualTo(25);
        first.handOn();
        assertThat(inFlight.forwardsLeft()).isEqualTo(20);
    }

    @Test
    void creditsComeOutRightWhateverHappens() {
        Random random = new Random(17);
        for (int i = 0; i < 20_000; i++) {
            Task task = random.nextInt(3) == 0
                    ? frame("j" + random.nextInt(4), random.nextInt(6))
                    : task("j" + random.nextInt(40), 1 + random.nextInt(9));
            if (inFlight.answer(task) == Answer.TAKE) {
                inFlight.olderThan(task).forEach(inFlight::release);
                take(task);
            }
            List<Held> all = inFlight.all();
            if (!all.isEmpty() && random.nextInt(2) == 0) {
                inFlight.release(all.get(random.nextInt(all.size())));
            }
            long pictures =
                    inFlight.all().stream().filter(held -> !held.work.isFrame()).count();
            assertThat(pictures).isLessThanOrEqualTo(2);
            assertThat(inFlight.freeCredits()).isEqualTo(2 - (int) pictures);
            assertThat(inFlight.all().size() - pictures).isLessThanOrEqualTo(InFlightTable.FRAME_ROOM);
        }
    }

    @Test
    void anAttemptOfALaterEpochCountsWhateverItsNumber() {
        take(task("a", 12, "one"));
        Task rightful = epoch(task("a", 2, "other"), 1);

        assertThat(inFlight.answer(rightful)).isEqualTo(Answer.TAKE);
        assertThat(inFlight.olderThan(rightful)).hasSize(1);
        inFlight.olderThan(rightful).forEach(inFlight::release);
        take(rightful);

        assertThat(inFlight.answer(task("a", 13, "one"))).isEqualTo(Answer.STALE_ATTEMPT);
        assertThat(inFlight.newest(task("a", 13, "one").getRef())).isEqualTo(new Attempt(1, 2));
    }

    @Test
    void aSupersededOwnerCancelsNothingOfALaterOne() {
        take(epoch(task("a", 1, "other"), 1));
        Cancel late =
                Cancel.newBuilder().setJobId("a").setAttempt(12).setOwner("one").build();

        assertThat(inFlight.cancel(Cancellation.of(late))).isEmpty();
        assertThat(inFlight.answer(epoch(task("a", 2, "other"), 1))).isEqualTo(Answer.TAKE);
        assertThat(inFlight.answer(task("a", 13, "one"))).isEqualTo(Answer.STALE_ATTEMPT);
    }

    @Test
    void anOwnerOfTheSameEpochCancelsOnlyItsOwnAttempts() {
        take(task("a", 2, "other"));
        Cancel rival =
                Cancel.newBuilder().setJobId("a").setAttempt(3).setOwner("one").build();

        assertThat(inFlight.cancel(Cancellation.of(rival))).isEmpty();
        assertThat(inFlight.cancel(
                        Cancellation.of(rival.toBuilder().setOwner("other").build())))
                .hasSize(1);
    }

    private static Task epoch(Task task, long epoch) {
        return task.toBuilder()
                .setRef(task.getRef().toBuilder().setEpoch(epoch))
                .build();
    }

    private static Cancellation cancellation(String jobId, int attempt) {
        return Cancellation.of(
                Cancel.newBuilder().setJobId(jobId).setAttempt(attempt).build());
    }

    private Held take(Task task) {
        return inFlight.take(new Work(task, List.of()), 0);
    }

    private int newestAttempt(String jobId) {
        return inFlight.newest(task(jobId, 1).getRef()).number();
    }

    private static Task task(String jobId, int attempt) {
        return task(jobId, attempt, "");
    }

    private static Task task(String jobId, int attempt, String owner) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(jobId).setAttempt(attempt))
                .setOwner(owner)
                .addAllRoute(Collections.nCopies(3, Stages.of(StageKind.DENOISER, 20)))
                .build();
    }

    private static Task frame(String jobId, int step) {
        return task(jobId, 1).toBuilder()
                .setFrame(PreviewFrame.newBuilder().setStep(step))
                .build();
    }
}

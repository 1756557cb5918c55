package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.proto.v1.StageKind.TEXT_ENCODER;
import static dev.weir.runtime.Futures.failure;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageTiming;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StageNodeTest {

    private final Vertx vertx = Vertx.vertx();
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Semaphore gate = new Semaphore(0);
    private NodeContext node;
    private TestOwner owner;

    @BeforeEach
    void bringUp() throws Exception {
        node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, metrics));
        owner = get(TestOwner.on(node));
    }

    @AfterEach
    void takeDown() throws Exception {
        gate.release(1000);
        get(vertx.close());
    }

    @Test
    void aTaskPassesThroughItsRouteAndItsOwnerHearsOfIt() throws Exception {
        deploy(new TestStage(TEXT_ENCODER, 4));
        deploy(new TestStage(DENOISER, 4));
        deploy(new TestStage(DECODER, 4));

        NodeStatus taker = get(owner.dispatch(
                owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build(), 1, 2));

        assertThat(taker.getStage()).isEqualTo(TEXT_ENCODER);
        Event.Builder finished = owner.awaitEvent("job", WhatCase.FINISHED).toBuilder();
        assertThat(owner.picture("job")).containsExactly(1 + 1 + 3 + 1, 2 + 1 + 3 + 1);
        assertThat(finished.getFinished().getTimingsList())
                .extracting(StageTiming::getStage)
                .containsExactly("text-encoder", "denoiser", "decoder");
        assertThat(finished.getFinished().getTimingsList())
                .allSatisfy(t -> assertThat(t.getSeconds()).isGreaterThanOrEqualTo(t.getQueuedSeconds()));
        await().until(() -> owner.heard("job", WhatCase.ACCEPTED).size() == 3);
        List<Event> heard = owner.events("job");
        assertThat(heard).extracting(Event::getSeq).doesNotHaveDuplicates();
        assertThat(heard)
                .filteredOn(e -> e.getStage() == DENOISER)
                .extracting(Event::getWhatCase)
                .containsExactly(
                        WhatCase.ACCEPTED, WhatCase.STARTED, WhatCase.PROGRESS, WhatCase.PROGRESS, WhatCase.PROGRESS);
        assertThat(metrics.get("weir.stage.finished")
                        .tag("stage", "decoder")
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void theOwnerIsToldWhatAStageWarnsOf() throws Exception {
        Warning warning =
                Warning.newBuilder().setCode("careful").setParam("prompt").build();
        TestStage textEncoder = new TestStage(TEXT_ENCODER, 4);
        textEncoder.warning = Optional.of(warning);
        deploy(textEncoder);
        deploy(new TestStage(DECODER, 4));

        get(owner.dispatch(owner.task("job", TEXT_ENCODER, DECODER).build(), 1));

        assertThat(owner.awaitEvent("job", WhatCase.WARNING).getWarning()).isEqualTo(warning);
        owner.awaitEvent("job", WhatCase.FINISHED);
        assertThat(owner.heard("job", WhatCase.WARNING)).hasSize(1);
    }

    @Test
    void aProcessorAndASlowDeviceHaveMoreTimeForATurn() throws Exception {
        Duration usual = Duration.ofMinutes(2);
        TestStage stage = new TestStage(DECODER, 4, gate);
        StageNode deployed = new StageNode(node, stage);
        get(vertx.deployVerticle(deployed));
        assertThat(deployed.stallLimit(usual)).isEqualTo(Duration.ofMinutes(30));

        stage.device = "cuda:0";
        assertThat(deployed.stallLimit(usual)).isEqualTo(usual);

        get(owner.dispatch(owner.task("job", DECODER).build(), 1));
        await().until(() -> deployed.stalledMs() > 20);
        gate.release();
        await().until(() -> deployed.stallLimit(Duration.ZERO).toMillis() > 4 * 20);
    }

    @Test
    void whatAStageCanNeverDoFailsAtOnce() throws Exception {
        deploy(new TestStage(DENOISER, 4));
        Task.Builder task = owner.task("job", DENOISER);
        task.getGenerationBuilder().clearPrompt();

        Failure failure = owner.dispatchFailure(task.build());

        assertThat(failure).isEqualTo(new Failure("invalid_task", "prompt: empty", false));
    }

    @Test
    void aTaskThatAStageTookBeforeIsAcceptedAndNotDoneAgain() throws Exception {
        deploy(new TestStage(DECODER, 4));
        Task task = owner.task("job", DECODER).build();

        get(owner.dispatch(task, 1));
        owner.awaitEvent("job", WhatCase.FINISHED);
        get(owner.dispatch(task, 1));
        get(owner.dispatch(owner.task("later", DECODER).build(), 1));
        owner.awaitEvent("later", WhatCase.FINISHED);

        assertThat(owner.heard("job", WhatCase.FINISHED)).hasSize(1);
    }

    @Test
    void aCancelledJobIsDroppedAndItsNeighbourIsNot() throws Exception {
        deploy(new TestStage(DENOISER, 2, gate));
        deploy(new TestStage(DECODER, 2));
        get(owner.dispatch(owner.task("gone", DENOISER, DECODER).build(), 1));
        get(owner.dispatch(owner.task("kept", DENOISER, DECODER).build(), 1));

        awaitFreeCredits(0);
        owner.cancel("gone");
        awaitFreeCredits(1);
        gate.release(10);

        owner.awaitEvent("kept", WhatCase.FINISHED);
        assertThat(owner.heard("gone", WhatCase.FINISHED)).isEmpty();
        assertThat(owner.dispatchFailure(owner.task("gone", DENOISER, DECODER)
                                .setRef(SampleRef.newBuilder().setJobId("gone").setAttempt(2))
                                .build())
                        .message())
                .contains("cancelled");
    }

    @Test
    void ofAJobTheSampleThatIsCancelledIsDroppedAndTheOtherIsNot() throws Exception {
        deploy(new TestStage(DENOISER, 2, gate));
        deploy(new TestStage(DECODER, 2));
        Task.Builder second = owner.task("job", DENOISER, DECODER);
        second.getRefBuilder().setSample(1);
        get(owner.dispatch(owner.task("job", DENOISER, DECODER).build(), 1));
        get(owner.dispatch(second.build(), 1));

        awaitFreeCredits(0);
        owner.cancel(second.getRef());
        awaitFreeCredits(1);
        gate.release(10);

        assertThat(owner.awaitEvent("job", WhatCase.FINISHED).getRef().getSample())
                .isZero();
        assertThat(owner.heard("job", WhatCase.FINISHED)).hasSize(1);
        assertThat(owner.dispatchFailure(second.build()).message()).contains("cancelled");
    }

    @Test
    void aTurnThatThrowsFailsItsRowsAndTheStageGoesOn() throws Exception {
        TestStage stage = new TestStage(DECODER, 2, gate);
        deploy(stage);
        stage.turnProblem = new OutOfMemoryError("CUDA out of memory");
        get(owner.dispatch(owner.task("bad", DECODER).build(), 1));
        gate.release(10);

        Event failed = owner.awaitEvent("bad", WhatCase.FAILED);
        get(owner.dispatch(owner.task("good", DECODER).build(), 1));
        owner.awaitEvent("good", WhatCase.FINISHED);

        assertThat(failed.getFailed().getCode()).isEqualTo("out_of_memory");
        assertThat(failed.getFailed().getRetryable()).isTrue();
    }

    @Test
    void workWithoutItsTensorFailsWithTheTensorsName() throws Exception {
        deploy(new TestStage(DECODER, 2));

        get(node.dispatcher().dispatch(owner.task("job", DECODER).build(), List.of()));

        Event failed = owner.awaitEvent("job", WhatCase.FAILED);
        assertThat(failed.getFailed().getMessage()).contains("no tensor \"x\"");
        assertThat(failed.getFailed().getRetryable()).isFalse();
    }

    @Test
    void aHandOnKeepsItsCreditUntilTheNextStageTookIt() throws Exception {
        deploy(new TestStage(DENOISER, 1));
        deploy(new TestStage(DECODER, 1, gate));
        get(owner.dispatch(owner.task("first", DENOISER, DECODER).build(), 1));
        await().until(() -> !owner.events("first").isEmpty()
                && owner.events("first").stream().anyMatch(e -> e.getStage() == DECODER));
        get(owner.dispatch(owner.task("second", DENOISER, DECODER).build(), 1));
        await().until(() -> owner.heard("second", WhatCase.PROGRESS).size() == 3);
        var third = owner.dispatch(owner.task("third", DENOISER, DECODER).build(), 1);

        awaitFreeCredits(0);
        assertThat(third.isComplete()).isFalse();
        gate.release(10);

        get(third);
        owner.awaitEvent("third", WhatCase.FINISHED);
    }

    @Test
    void whatIsPastItsDeadlineFails() throws Exception {
        deploy(new TestStage(DECODER, 1, gate));

        get(owner.dispatch(
                owner.task("job", DECODER)
                        .setDeadlineMs(System.currentTimeMillis() + 3000)
                        .build(),
                1));

        assertThat(owner.awaitEvent("job", WhatCase.FAILED).getFailed().getCode())
                .isEqualTo("deadline_exceeded");
        await().until(() -> node.directory().alive(DECODER).get(0).getFreeCredits() == 1);
    }

    @Test
    void framesAreDecodedWhereThereIsRoomAndPicturesComeThrough() throws Exception {
        deploy(new TestStage(DENOISER, 4));
        deploy(new TestStage(DECODER, 4));
        Task task = owner.task("job", DENOISER, DECODER)
                .setPreview(Preview.newBuilder().setEverySteps(1))
                .build();

        get(owner.dispatch(task, 1));

        owner.awaitEvent("job", WhatCase.FINISHED);
        await().until(() -> owner.heard("job", WhatCase.FRAME).size() == 3);
        assertThat(owner.heard("job", WhatCase.FRAME)).allSatisfy(frame -> assertThat(
                        frame.header().getEvent().getFrame().getFrom())
                .as("the denoiser's position on the route")
                .isZero());
        assertThat(owner.events("job").stream().distinct())
                .extracting(Event::getSeq)
                .doesNotHaveDuplicates();
        assertThat(owner.picture("job")).containsExactly(5);
    }

    @Test
    void aStageThatDoesNotOpenFailsItsDeployment() throws Exception {
        TestStage stage = new TestStage(DECODER, 1);
        stage.openProblem = new IllegalStateException("unet/config.json: no such file");

        assertThat(failure(vertx.deployVerticle(new StageNode(node, stage)))).isSameAs(stage.openProblem);
    }

    @Test
    void aModelThatIsFoundBrokenIsToldAtOnceAndGetsNoMoreWork() throws Exception {
        TestStage stage = new TestStage(DENOISER, 4, gate);
        deploy(stage);
        node.health().started();
        get(owner.dispatch(owner.task("job", DENOISER).build(), 1));
        assertThat(node.health().unready()).isEmpty();

        stage.failure = Optional.of(new Failure(Failure.NOT_FINITE, "not finite", true));
        stage.problem = "its output is not finite";
        gate.release(10);

        assertThat(owner.awaitEvent("job", WhatCase.FAILED).getFailed().getCode())
                .isEqualTo("not_finite");
        await().until(() -> node.directory().alive(DENOISER).get(0).getModelsList().stream()
                .noneMatch(model -> model.getProblem().isEmpty()));
        assertThat(node.health().unready()).containsExactly("denoiser is not ready");
        var refused = owner.dispatch(owner.task("late", DENOISER).build(), 1);
        assertThat(refused.isComplete()).isFalse();
    }

    @Test
    void aStoppedStageHandsBackWhatItHoldsAndSaysGoodbye() throws Exception {
        TestStage stage = new TestStage(DECODER, 2, gate);
        String id = get(vertx.deployVerticle(new StageNode(node, stage)));
        await().until(() -> node.directory().alive(DECODER).size() == 1);
        get(owner.dispatch(owner.task("job", DECODER).build(), 1));
        await().until(() -> !owner.heard("job", WhatCase.STARTED).isEmpty());

        var undeployed = vertx.undeploy(id);

        owner.awaitEvent("job", WhatCase.HANDED_BACK);
        await().until(() -> node.directory().alive(DECODER).isEmpty());
        gate.release(1);
        get(undeployed);
    }

    @Test
    void howASampleEndedIsToldUntilItsOwnerKnows() throws Exception {
        deploy(new TestStage(DECODER, 2));
        List<Parcel> heard = new CopyOnWriteArrayList<>();
        get(owner.dispatch(
                owner.task("job", DECODER).setOwner("weir.gateway.slow").build(), 1));
        await().until(() -> metrics.get("weir.stage.finished").counter().count() == 1);
        var drained = node.health().drain(Duration.ofSeconds(20));

        get(node.courier().listen("weir.gateway.slow", delivery -> heard.add(delivery.parcel())));

        get(drained);
        assertThat(heard)
                .extracting(parcel -> parcel.header().getEvent().getWhatCase())
                .containsExactly(WhatCase.FINISHED);
    }

    @Test
    void aDrainingStageFinishesWhatItHoldsAndTakesNothing() throws Exception {
        deploy(new TestStage(DECODER, 2, gate));
        get(owner.dispatch(owner.task("job", DECODER).build(), 1));

        var drained = node.health().drain(Duration.ofSeconds(20));
        await().until(() -> node.directory().alive(DECODER).get(0).getDraining());
        var refused = owner.dispatch(owner.task("late", DECODER).build(), 1);
        gate.release(10);

        get(drained);
        owner.awaitEvent("job", WhatCase.FINISHED);
        assertThat(owner.heard("job", WhatCase.HANDED_BACK)).isEmpty();
        assertThat(refused.isComplete()).isFalse();
        assertThat(node.health().unready()).containsExactly("draining");
    }

    private void deploy(TestStage stage) throws Exception {
        get(vertx.deployVerticle(new StageNode(node, stage)));
        await().until(() -> node.directory().alive(stage.kind()).size() == 1);
    }

    /** As the denoiser tells. A status from before something was taken may still say more than there are. */
    private void awaitFreeCredits(int count) {
        await().until(() -> node.directory().alive(DENOISER).get(0).getFreeCredits() == count);
    }
}

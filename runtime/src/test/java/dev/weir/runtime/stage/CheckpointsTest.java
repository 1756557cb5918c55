package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.proto.v1.StageKind.TEXT_ENCODER;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.HandedBack;
import dev.weir.proto.v1.Progress;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What owners get to keep of a run, and how a run goes on from it. */
@Execution(ExecutionMode.CONCURRENT)
final class CheckpointsTest {

    private final Vertx vertx = Vertx.vertx();
    private final Semaphore gate = new Semaphore(0);
    private NodeContext node;
    private TestOwner owner;

    @BeforeEach
    void bringUp() throws Exception {
        node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, new SimpleMeterRegistry()));
        owner = get(TestOwner.on(node));
    }

    @AfterEach
    void takeDown() throws Exception {
        gate.release(1000);
        get(vertx.close());
    }

    @Test
    void anOwnerIsToldWhereASampleStands() throws Exception {
        TestStage denoiser = new TestStage(DENOISER, 4);
        denoiser.makesCheckpoints = true;
        deploy(denoiser);
        deploy(new TestStage(DECODER, 4));

        get(owner.dispatch(owner.task("job", DENOISER, DECODER).build(), 10));
        await().until(() -> owner.heard("job", WhatCase.CHECKPOINTED).size() == 3);

        Parcel second = owner.heard("job", WhatCase.CHECKPOINTED).get(1);
        assertThat(second.header().getEvent().getCheckpointed().getCheckpoint().getStep())
                .isEqualTo(2);
        assertThat(second.tensor(TestStage.SAMPLE).orElseThrow().toFloats()).containsExactly(12);
    }

    @Test
    void aCheckpointNamesTheEnginesThatComputed() throws Exception {
        TestStage encoder = new TestStage(TEXT_ENCODER, 4);
        encoder.engine = "torch";
        TestStage denoiser = new TestStage(DENOISER, 4);
        denoiser.engine = "onnx";
        denoiser.makesCheckpoints = true;
        TestStage decoder = new TestStage(DECODER, 4);
        decoder.engine = "torch";
        deploy(encoder);
        deploy(denoiser);
        deploy(decoder);

        Task.Builder task = owner.task("job", TEXT_ENCODER, DENOISER, DECODER);
        get(owner.dispatch(task.addEngines("an earlier attempt's").build(), 10));
        await().until(() -> owner.heard("job", WhatCase.CHECKPOINTED).size() == 3);

        assertThat(owner.heard("job", WhatCase.CHECKPOINTED)).allSatisfy(told -> assertThat(told.header()
                        .getEvent()
                        .getCheckpointed()
                        .getCheckpoint()
                        .getEnginesList())
                .containsExactly("an earlier attempt's", "torch", "onnx"));
    }

    @Test
    void nothingIsToldOfASampleThatWasCancelled() throws Exception {
        TestStage denoiser = new TestStage(DENOISER, 4, gate);
        denoiser.makesCheckpoints = true;
        deploy(denoiser);
        deploy(new TestStage(DECODER, 4));
        get(owner.dispatch(owner.task("gone", DENOISER, DECODER).build(), 1));
        await().until(() -> !owner.heard("gone", WhatCase.STARTED).isEmpty());
        awaitFreeCredits(3);

        owner.cancel("gone");
        awaitFreeCredits(4);
        gate.release(100);
        get(owner.dispatch(owner.task("kept", DENOISER, DECODER).build(), 1));
        await().until(() -> !owner.heard("kept", WhatCase.FINISHED).isEmpty());

        assertThat(owner.heard("gone", WhatCase.CHECKPOINTED)).isEmpty();
        assertThat(owner.heard("kept", WhatCase.CHECKPOINTED)).hasSize(3);
    }

    @Test
    void aDrainThatHandsBackCostsNoStep() throws Exception {
        deploy(new TestStage(DENOISER, 4, gate));
        Task.Builder task = owner.task("job", DENOISER, DECODER);
        task.getRouteBuilder(0).setForwards(9);
        get(owner.dispatch(task.build(), 10));
        gate.release(2);
        await().until(() -> owner.heard("job", WhatCase.PROGRESS).size() == 2);

        var drained = node.health().drain(Duration.ZERO);
        await().until(() -> node.directory().alive(DENOISER).get(0).getDraining());
        gate.release(1);
        get(drained);

        Parcel back = owner.heard("job", WhatCase.HANDED_BACK).get(0);
        Checkpoint stood = back.header().getEvent().getHandedBack().getCheckpoint();
        assertThat(stood.getStep()).isEqualTo(3);
        assertThat(back.tensor(TestStage.SAMPLE).orElseThrow().toFloats()).containsExactly(13);
    }

    @Test
    void aSampleThatAnotherIsToHaveIsGivenBackWithItsState() throws Exception {
        TestStage busy = new TestStage(DENOISER, 4, gate);
        deploy(busy);
        Task.Builder task = owner.task("job", DENOISER, DECODER);
        task.getRouteBuilder(0).setForwards(1000);
        get(owner.dispatch(task.build(), 10));
        gate.release(2);
        await().until(() -> owner.heard("job", WhatCase.PROGRESS).size() == 2);
        NodeContext other = get(NodeContext.create(vertx, "n2", Limits.DEFAULT, new SimpleMeterRegistry()));
        TestStage idle = new TestStage(DENOISER, 4);
        get(vertx.deployVerticle(new StageNode(other, idle)));

        busy.moves =
                peers -> List.of(new Move(new SampleKey("job", 0), peers.get(0).address()));
        await().until(() -> {
            gate.release(1);
            return !owner.heard("job", WhatCase.HANDED_BACK).isEmpty();
        });

        Parcel back = owner.heard("job", WhatCase.HANDED_BACK).get(0);
        HandedBack handedBack = back.header().getEvent().getHandedBack();
        assertThat(handedBack.getTo()).isEqualTo("weir.denoiser.n2");
        int step = handedBack.getCheckpoint().getStep();
        assertThat(step).isBetween(2, 1000);
        assertThat(back.tensor(TestStage.SAMPLE).orElseThrow().toFloats()).containsExactly(10 + step);
        assertThat(node.metrics().get("weir.stage.moved").counter().count()).isEqualTo(1);
        awaitFreeCredits(4);
    }

    @Test
    void aDeviceThatStandsStillDoesNotKeepADrainingNode() throws Exception {
        TestStage stuck = new TestStage(DENOISER, 4, gate);
        stuck.makesCheckpoints = true;
        deploy(stuck);
        get(owner.dispatch(owner.task("job", DENOISER, DECODER).build(), 10));
        gate.release(2);
        await().until(() -> owner.heard("job", WhatCase.CHECKPOINTED).size() == 2);

        get(node.health().drain(Duration.ZERO));

        Parcel back = owner.heard("job", WhatCase.HANDED_BACK).get(0);
        assertThat(back.header().getEvent().getHandedBack().getCheckpoint().getStep())
                .isEqualTo(2);
        assertThat(back.tensor(TestStage.SAMPLE).orElseThrow().toFloats()).containsExactly(12);
    }

    @Test
    void aRunGoesOnAtItsStepAfterTheTextEncoderHasWorkedAsAlways() throws Exception {
        deploy(new TestStage(TEXT_ENCODER, 4));
        deploy(new TestStage(DENOISER, 4));
        deploy(new TestStage(DECODER, 4));
        Task task = owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build();

        get(owner.resume(task, at(1, 2), tensors(70)));
        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());

        assertThat(owner.events("job"))
                .filteredOn(Event::hasProgress)
                .extracting(Event::getProgress)
                .extracting(Progress::getStep)
                .containsExactly(3);
        assertThat(owner.picture("job")).containsExactly(70 + 1 + 1);
    }

    @Test
    void aStageThatASampleHasBehindItIsPassedBy() throws Exception {
        deploy(new TestStage(TEXT_ENCODER, 4));
        deploy(new TestStage(DENOISER, 4));
        deploy(new TestStage(DECODER, 4));
        Task task = owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build();

        get(owner.resume(task, at(2, 0), tensors(70)));
        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());

        assertThat(owner.events("job")).noneMatch(event -> event.getStage() == DENOISER);
    }

    private static Checkpoint at(int position, int step) {
        return Checkpoint.newBuilder().setPosition(position).setStep(step).build();
    }

    private static List<Tensor> tensors(float sample) {
        return List.of(
                Tensor.ofFloats("x", new float[] {1}, 1), Tensor.ofFloats(TestStage.SAMPLE, new float[] {sample}, 1));
    }

    /** As each denoiser tells. A status from before something was taken may still say more than there are. */
    private void awaitFreeCredits(int count) {
        await().until(() ->
                node.directory().alive(DENOISER).stream().allMatch(status -> status.getFreeCredits() == count));
    }

    private void deploy(TestStage stage) throws Exception {
        get(vertx.deployVerticle(new StageNode(node, stage)));
        await().until(() -> node.directory().alive(stage.kind()).size() == 1);
    }
}

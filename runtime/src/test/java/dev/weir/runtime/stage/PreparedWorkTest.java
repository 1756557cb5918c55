package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.Failed;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import dev.weir.runtime.stage.Stage.Admission;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Work that a stage prepares on other threads before its device thread has it. */
final class PreparedWorkTest {

    private final Vertx vertx = Vertx.vertx();
    private final TestStage stage = new TestStage(DECODER, 4);
    /** Of the job "slow". All others are prepared at once. */
    private final CompletableFuture<Admission> slow = new CompletableFuture<>();

    /** The threads on which the admission of "slow" ran. */
    private final List<String> admitted = new CopyOnWriteArrayList<>();

    private NodeContext node;
    private TestOwner owner;
    private StageNode stageNode;

    @BeforeEach
    void bringUp() throws Exception {
        node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, new SimpleMeterRegistry()));
        owner = get(TestOwner.on(node));
        stage.preparing = (work, admission) ->
                work.key().jobId().equals("slow") ? slow : CompletableFuture.completedStage(admission);
        stageNode = new StageNode(node, stage);
        get(vertx.deployVerticle(stageNode));
        await().until(() -> node.directory().alive(DECODER).size() == 1);
    }

    @AfterEach
    void takeDown() throws Exception {
        get(vertx.close());
    }

    @Test
    void itDelaysNoOtherWorkAndIsAdmittedOnTheDeviceThread() throws Exception {
        dispatch("slow");
        dispatch("quick");
        owner.awaitEvent("quick", WhatCase.FINISHED);
        assertThat(owner.heard("slow", WhatCase.STARTED)).isEmpty();
        prepare();
        await().until(() -> admitted.equals(List.of("weir-decoder-device")));
    }

    @Test
    void workWhosePreparationFailsFailsAlone() throws Exception {
        dispatch("slow");
        dispatch("quick");
        slow.completeExceptionally(new OutOfMemoryError("the picture is large"));
        owner.awaitEvent("slow", WhatCase.FAILED);
        owner.awaitEvent("quick", WhatCase.FINISHED);
        Failed failed =
                owner.heard("slow", WhatCase.FAILED).get(0).header().getEvent().getFailed();
        assertThat(failed.getCode()).isEqualTo("out_of_memory");
        assertThat(failed.getRetryable()).as("another node may have room").isTrue();
    }

    @Test
    void thePreparationOfCancelledWorkIsCancelled() throws Exception {
        dispatch("slow");
        owner.cancel("slow");
        await().until(slow::isCancelled);
        dispatch("quick");
        owner.awaitEvent("quick", WhatCase.FINISHED);
        assertThat(owner.heard("slow", WhatCase.STARTED)).isEmpty();
    }

    @Test
    void aNodeThatStopsHandsItBackAndCancelsThePreparation() throws Exception {
        dispatch("slow");
        stageNode.drain(Duration.ZERO);
        owner.awaitEvent("slow", WhatCase.HANDED_BACK);
        await().until(slow::isCancelled);
        prepare();
        assertThat(admitted).isEmpty();
    }

    private void prepare() {
        new Thread(() -> slow.complete(
                        outbox -> admitted.add(Thread.currentThread().getName())))
                .start();
    }

    private void dispatch(String job) throws Exception {
        get(owner.dispatch(owner.task(job, DECODER).build(), 1));
    }
}

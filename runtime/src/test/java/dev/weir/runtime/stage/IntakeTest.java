package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Work whose model is not in memory, from its acceptance to the end of its use of the model. */
class IntakeTest {

    private final Vertx vertx = Vertx.vertx();
    private final TestStage stage = new TestStage(DECODER, 4);
    private final RecordedLoading loading = new RecordedLoading();
    private NodeContext node;
    private TestOwner owner;
    private VirtualPeriods clock;

    /** The model of jobs "late…" is loaded when the test says so. All others are in memory. */
    private static final class RecordedLoading implements Loading {
        final CompletableFuture<Void> late = new CompletableFuture<>();
        final List<String> ended = new CopyOnWriteArrayList<>();
        final Map<String, Executor> device = new ConcurrentHashMap<>();

        @Override
        public void connect(Executor thread) {
            device.put("device", thread);
        }

        @Override
        public Use use(Task task) {
            String job = task.getRef().getJobId();
            return new Use() {
                @Override
                public CompletionStage<?> ready() {
                    return job.startsWith("late") ? late : CompletableFuture.completedStage(null);
                }

                @Override
                public void close() {
                    ended.add(job);
                }
            };
        }
    }

    @BeforeEach
    void bringUp() throws Exception {
        node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, new SimpleMeterRegistry()));
        owner = get(TestOwner.on(node));
        stage.loading = loading;
        clock = new VirtualPeriods(node.loop());
        get(vertx.deployVerticle(new StageNode(clock.of(node), stage)));
    }

    @AfterEach
    void takeDown() throws Exception {
        get(vertx.close());
    }

    @Test
    void workWaitsForItsModelAloneAndItsOwnerIsTold() throws Exception {
        dispatch("late");
        dispatch("other");
        owner.awaitEvent("other", WhatCase.FINISHED);
        owner.awaitEvent("late", WhatCase.LOADING);
        assertThat(owner.heard("late", WhatCase.STARTED)).isEmpty();
        assertThat(owner.heard("other", WhatCase.LOADING)).isEmpty();
        await().until(() -> loading.ended.equals(List.of("other")));
        loading.late.complete(null);
        owner.awaitEvent("late", WhatCase.FINISHED);
        await().until(() -> loading.ended.equals(List.of("other", "late")));
    }

    @Test
    void imagesThatWaitForAModelLeaveHalfOfTheCreditsAndTheNodeSaysSo() throws Exception {
        stage.unloaded = true;
        clock.pass(1000);
        await().until(() -> statuses().anyMatch(status -> status.getModels(0).getUnloaded()));
        dispatch("late 1");
        dispatch("late 2");
        Future<?> third = owner.dispatch(owner.task("late 3", DECODER).build(), 1);
        clock.pass(1000);
        await().until(() -> statuses().anyMatch(NodeStatus::getFullOfLoading));
        assertThat(third.isComplete()).isFalse();
        assertThat(statuses()).allMatch(status -> status.getFreeCredits() == 2);
        loading.late.complete(null);
        owner.awaitEvent("late 2", WhatCase.FINISHED);
        clock.pass(1000);
        get(third);
        owner.awaitEvent("late 3", WhatCase.FINISHED);
    }

    @Test
    void theOwnerIsToldAgainAndAgainWhileTheModelIsLoaded() throws Exception {
        dispatch("late");
        owner.awaitEvent("late", WhatCase.LOADING);
        clock.pass(60_000);
        await().until(() -> owner.heard("late", WhatCase.LOADING).size() == 7);
        loading.late.complete(null);
        owner.awaitEvent("late", WhatCase.FINISHED);
        clock.pass(60_000);
        dispatch("other");
        owner.awaitEvent("other", WhatCase.FINISHED);
        assertThat(owner.heard("late", WhatCase.LOADING)).hasSize(7);
    }

    @Test
    void nothingIsToldOfWorkThatWasCancelledWhileItWaited() throws Exception {
        dispatch("late");
        owner.awaitEvent("late", WhatCase.LOADING);
        owner.cancel("late");
        await().until(() -> loading.ended.equals(List.of("late")));
        clock.pass(60_000);
        dispatch("other");
        owner.awaitEvent("other", WhatCase.FINISHED);
        assertThat(owner.heard("late", WhatCase.LOADING)).hasSize(1);
    }

    @Test
    void workWhoseModelCannotBeLoadedFailsWithTheReason() throws Exception {
        dispatch("late");
        loading.late.completeExceptionally(new IllegalStateException("the file is gone"));
        owner.awaitEvent("late", WhatCase.FAILED);
        var failed =
                owner.heard("late", WhatCase.FAILED).get(0).header().getEvent().getFailed();
        assertThat(failed.getCode()).isEqualTo("model_not_loaded");
        assertThat(failed.getMessage()).isEqualTo("the file is gone");
        assertThat(failed.getRetryable()).as("another node may have it").isTrue();
        await().until(() -> loading.ended.equals(List.of("late")));
    }

    @Test
    void workThatCannotBePreparedFailsAndEndsItsUse() throws Exception {
        stage.prepareProblem = new StackOverflowError();
        dispatch("long");
        owner.awaitEvent("long", WhatCase.FAILED);
        var failed =
                owner.heard("long", WhatCase.FAILED).get(0).header().getEvent().getFailed();
        assertThat(failed.getCode()).isEqualTo("stage_failed");
        assertThat(failed.getMessage()).contains("StackOverflowError");
        await().until(() -> loading.ended.equals(List.of("long")));
        stage.prepareProblem = null;
        dispatch("after");
        owner.awaitEvent("after", WhatCase.FINISHED);
    }

    @Test
    void workThatIsCancelledWhileItWaitsEndsItsUseAndNeverStarts() throws Exception {
        dispatch("late");
        owner.awaitEvent("late", WhatCase.LOADING);
        owner.cancel("late");
        await().until(() -> loading.ended.equals(List.of("late")));
        loading.late.complete(null);
        dispatch("after");
        owner.awaitEvent("after", WhatCase.FINISHED);
        assertThat(owner.heard("late", WhatCase.STARTED)).isEmpty();
    }

    @Test
    void commandsOfTheStageRunOnItsDeviceThread() throws Exception {
        var thread = new CompletableFuture<String>();
        loading.device
                .get("device")
                .execute(() -> thread.complete(Thread.currentThread().getName()));
        assertThat(get(Future.fromCompletionStage(thread))).isEqualTo("weir-decoder-device");
    }

    private Stream<NodeStatus> statuses() {
        return node.directory().alive().stream();
    }

    private void dispatch(String job) throws Exception {
        get(owner.dispatch(owner.task(job, DECODER).build(), 1));
    }
}

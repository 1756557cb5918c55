package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.Failed;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Which attempt at a sample a stage keeps, and what it says of it. */
@Execution(ExecutionMode.CONCURRENT)
final class StageFencingTest {

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
    void aNewerAttemptReplacesAnOlderAndAnOlderIsRefused() throws Exception {
        deploy(new TestStage(DECODER, 2, gate));
        Task first = owner.task("job", DECODER).build();
        Task second = first.toBuilder()
                .setRef(first.getRef().toBuilder().setAttempt(2))
                .build();

        get(owner.dispatch(first, 1));
        get(owner.dispatch(second, 5));
        gate.release(10);
        owner.awaitEvent("job", WhatCase.FINISHED);

        assertThat(owner.picture("job")).containsExactly(6);
        assertThat(owner.heard("job", WhatCase.FINISHED)).hasSize(1);
        assertThat(owner.dispatchFailure(first).message()).contains("attempt 1 of epoch 0 of job/0 is not the newest");
    }

    @Test
    void anOwnerWhoseSampleTheNextStageHasOfAnotherOwnerHearsOfTheNewestAttempt() throws Exception {
        deploy(new TestStage(DENOISER, 2));
        deploy(new TestStage(DECODER, 2, gate));
        Task.Builder others = owner.task("job", DECODER).setOwner("weir.gateway.other");
        others.getRefBuilder().setAttempt(12);
        get(owner.dispatch(others.build(), 1));

        get(owner.dispatch(owner.task("job", DENOISER, DECODER).build(), 1));

        Failed failed = owner.awaitEvent("job", WhatCase.FAILED).getFailed();
        assertThat(failed.getCode()).isEqualTo(Failure.SUPERSEDED);
        assertThat(failed.getNewestAttempt()).isEqualTo(12);
    }

    @Test
    void anOwnerWhoseWorkIsDroppedForALaterOwnerIsTold() throws Exception {
        deploy(new TestStage(DECODER, 2, gate));
        Task.Builder displaced = owner.task("job", DECODER);
        displaced.getRefBuilder().setAttempt(12);
        get(owner.dispatch(displaced.build(), 1));
        Task.Builder rightful = owner.task("job", DECODER).setOwner("weir.gateway.other");
        rightful.getRefBuilder().setAttempt(2).setEpoch(1);

        get(owner.dispatch(rightful.build(), 1));

        Event told = owner.awaitEvent("job", WhatCase.FAILED);
        assertThat(told.getRef()).isEqualTo(displaced.getRef());
        assertThat(told.getFailed().getCode()).isEqualTo(Failure.SUPERSEDED);
        assertThat(told.getFailed().getNewestAttempt()).isEqualTo(2);
        assertThat(told.getFailed().getNewestEpoch()).isEqualTo(1);
        await().until(
                        () -> held().stream().map(Holding::getRef).toList(),
                        List.of(rightful.build().getRef())::equals);
    }

    @Test
    void aStatusListsWhatTheStageHoldsAndWhoseItIs() throws Exception {
        deploy(new TestStage(DECODER, 2, gate));
        Task task = owner.task("job", DECODER).build();
        get(owner.dispatch(task, 1));

        await().until(() -> held().size() == 1);
        assertThat(held().get(0).getRef()).isEqualTo(task.getRef());
        assertThat(held().get(0).getOwner()).isEqualTo(task.getOwner());
        gate.release(10);

        owner.awaitEvent("job", WhatCase.FINISHED);
        await().until(() -> held().isEmpty());
    }

    @Test
    void aPictureThatItsOwnerHasNotAcknowledgedIsStillListedUntilItIsCancelled() throws Exception {
        deploy(new TestStage(DECODER, 2));
        Task task =
                owner.task("job", DECODER).setOwner("weir.gateway.unreachable").build();
        get(owner.dispatch(task, 1));

        await().until(() -> node.directory().alive(DECODER).get(0).getFinished() == 1 && held().size() == 1);

        owner.cancel("job");
        await().until(() -> held().isEmpty());
    }

    private List<Holding> held() {
        return node.directory().alive(DECODER).stream()
                .flatMap(status -> status.getHoldings().getSamplesList().stream())
                .toList();
    }

    private void deploy(TestStage stage) throws Exception {
        get(vertx.deployVerticle(new StageNode(node, stage)));
        await().until(() -> node.directory().alive(stage.kind()).size() == 1);
    }
}

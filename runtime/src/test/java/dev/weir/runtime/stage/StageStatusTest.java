package dev.weir.runtime.stage;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.NodeConfig.Limits;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.TestOwner;
import dev.weir.runtime.TestStage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When a stage publishes its status besides the regular times, which never come here. */
class StageStatusTest {

    private final Vertx vertx = Vertx.vertx();
    private final TestStage stage = new TestStage(DECODER, 4);
    private NodeContext node;
    private TestOwner owner;

    @BeforeEach
    void bringUp() throws Exception {
        node = get(NodeContext.create(vertx, "n1", Limits.DEFAULT, new SimpleMeterRegistry()));
        owner = get(TestOwner.on(node));
        stage.others = List.of(ModelStatus.newBuilder()
                .setId("large")
                .setProblem("x".repeat(StatedModels.MOST_BYTES))
                .build());
        get(vertx.deployVerticle(new StageNode(new VirtualPeriods(node.loop()).of(node), stage)));
    }

    @AfterEach
    void takeDown() throws Exception {
        get(vertx.close());
    }

    @Test
    void theEndOfAnImageIsNoNewsOfTheModelsWhereOneOfThemDoesNotFitIntoTheStatus() throws Exception {
        await().until(() -> !node.directory().alive().isEmpty());
        assertThat(status().getModelsList()).extracting(ModelStatus::getId).doesNotContain("large");
        long first = status().getSequence();
        finish("one");
        finish("two");
        stage.others = List.of(ModelStatus.newBuilder().setId("new").build());
        finish("three");
        await().until(() -> status().getModels(0).getId().equals("new"));
        assertThat(status().getSequence()).isEqualTo(first + 1);
    }

    private NodeStatus status() {
        return node.directory().alive().get(0);
    }

    private void finish(String job) throws Exception {
        get(owner.dispatch(owner.task(job, DECODER).build(), 1));
        await().until(() -> !owner.heard(job, WhatCase.FINISHED).isEmpty());
    }
}

package dev.weir.runtime.cluster;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.proto.v1.StageKind.TEXT_ENCODER;
import static dev.weir.runtime.Futures.get;
import static dev.weir.runtime.TestNodes.awaitStages;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.ParcelFormat;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.Node;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.Role;
import dev.weir.runtime.TestNodes;
import dev.weir.runtime.TestOwner;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class ClusterTest {

    private final Semaphore gate = new Semaphore(0);
    private @TempDir Path model;
    private TestNodes nodes;
    private HostPort gateway;

    @BeforeEach
    void choosePort() throws Exception {
        nodes = new TestNodes(model, gate);
        gateway = FreePorts.onLoopback();
    }

    @AfterEach
    void closeAll() throws Exception {
        nodes.close();
    }

    @Test
    void workPassesFromNodeToNodeAndALeavingOneLosesNothing() throws Exception {
        Node first = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY, Role.TEXT_ENCODER));
        Node second = nodes.start(joining(false, Role.DENOISER));
        nodes.start(joining(true, Role.DENOISER, Role.DECODER));
        awaitStages(first, DENOISER, 2);
        awaitStages(first, DECODER, 1);
        TestOwner owner = get(TestOwner.on(first.context()));

        for (int i = 0; i < 12; i++) {
            owner.dispatch(
                    owner.task("job" + i, TEXT_ENCODER, DENOISER, DECODER).build(), i);
        }
        gate.release(4);
        await().until(() -> denoisers(owner, 12).size() == 2);
        Future<Void> left = second.drain();
        gate.release(1000);

        get(left);
        for (int i = 0; i < 12; i++) {
            String job = "job" + i;
            await().until(() -> owner.heard(job, WhatCase.FINISHED).size() == 1);
            assertThat(owner.heard(job, WhatCase.HANDED_BACK)).isEmpty();
        }
        await().untilAsserted(() -> assertThat(first.context().directory().alive(DENOISER))
                .extracting(NodeStatus::getNodeId)
                .doesNotContain(second.context().nodeId()));
    }

    @Test
    void tensorsLargerThanAMessageArriveWhole() throws Exception {
        gate.release(1000);
        Node first = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY));
        nodes.start(joining(false, Role.DECODER));
        awaitStages(first, DECODER, 1);
        TestOwner owner = get(TestOwner.on(first.context()));
        float[] large = new float[ParcelFormat.MAX_TENSOR_BYTES];
        large[large.length - 1] = 41;

        get(owner.dispatch(owner.task("job", DECODER).build(), large));

        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());
        var image = owner.heard("job", WhatCase.FINISHED).get(0).tensor("image").orElseThrow();
        assertThat(image.byteLength()).isEqualTo(4 * large.length);
        assertThat(image.bytes().asFloatBuffer().get(large.length - 1)).isEqualTo(42);
    }

    @Test
    void nodesMayBeStartedInAnyOrder() throws Exception {
        gate.release(1000);
        Future<Node> heavy = nodes.starting(joining(false, Role.DENOISER, Role.DECODER));
        Future<Node> lite = nodes.starting(joining(true, Role.TEXT_ENCODER));
        Node last = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY));
        nodes.keep(get(heavy));
        Node encoder = nodes.keep(get(lite));
        awaitStages(last, TEXT_ENCODER, 1);
        awaitStages(encoder, DENOISER, 1);
        TestOwner owner = get(TestOwner.on(last.context()));

        get(owner.dispatch(owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build(), 1));

        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());
    }

    @Test
    void theOnlyGatewayMayBeStartedAnew() throws Exception {
        gate.release(1000);
        Node before = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY));
        Node stages = nodes.start(joining(false, Role.DENOISER, Role.DECODER));
        awaitStages(before, DENOISER, 1);
        get(before.close());

        Node after = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY));
        awaitStages(after, DENOISER, 1);
        awaitStages(stages, DECODER, 1);
        TestOwner owner = get(TestOwner.on(after.context()));
        get(owner.dispatch(owner.task("job", DENOISER, DECODER).build(), 1));

        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());
    }

    @Test
    void liteNodesNeedNoneThatHoldsData() throws Exception {
        gate.release(1000);
        Node before = nodes.start(nodes.member(gateway, List.of(), false, Role.GATEWAY));
        Node denoiser = nodes.start(joining(true, Role.DENOISER));
        nodes.start(joining(true, Role.DECODER));
        awaitStages(before, DECODER, 1);
        get(before.close());

        awaitStages(denoiser, DECODER, 1);
        List<HostPort> known = List.of(denoiser.clusterAddress().orElseThrow());
        nodes.start(nodes.member(FreePorts.onLoopback(), known, true, Role.TEXT_ENCODER));
        awaitStages(denoiser, TEXT_ENCODER, 1);
        Node after = nodes.start(nodes.member(FreePorts.onLoopback(), known, false, Role.GATEWAY));
        awaitStages(after, TEXT_ENCODER, 1);
        awaitStages(after, DENOISER, 1);
        awaitStages(after, DECODER, 1);
        TestOwner owner = get(TestOwner.on(after.context()));
        get(owner.dispatch(owner.task("job", TEXT_ENCODER, DENOISER, DECODER).build(), 1));

        await().until(() -> !owner.heard("job", WhatCase.FINISHED).isEmpty());
    }

    private NodeConfig joining(boolean lite, Role... roles) throws Exception {
        return nodes.member(FreePorts.onLoopback(), List.of(gateway), lite, roles);
    }

    private static Set<String> denoisers(TestOwner owner, int jobs) {
        Set<String> nodes = new HashSet<>();
        for (int i = 0; i < jobs; i++) {
            owner.events("job" + i).stream()
                    .filter(e -> e.getStage() == DENOISER)
                    .map(Event::getNode)
                    .forEach(nodes::add);
        }
        return nodes;
    }
}

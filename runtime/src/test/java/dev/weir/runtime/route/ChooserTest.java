package dev.weir.runtime.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Upscaler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChooserTest {

    private static final int FORWARDS = 20;
    private static final Need NEED = new Need("denoiser", "tiny", Edition.ANY, List.of());

    private final OutstandingLoad outstanding = new OutstandingLoad();
    private final Chooser chooser = new Chooser(outstanding, new Random(11));

    @Test
    void ofTwoNodesTheOneWithTheShorterWaitIsChosen() {
        List<NodeStatus> nodes = List.of(node("slow", 4, 9.0), node("quick", 4, 1.0));

        for (int i = 0; i < 50; i++) {
            assertThat(choose(nodes)).isEqualTo("quick");
        }
    }

    @Test
    void theLongestWaitOfManyIsNeverChosenAndTheOthersAllAre() {
        List<NodeStatus> nodes = List.of(node("a", 4, 1), node("b", 4, 2), node("c", 4, 3), node("d", 4, 4));
        Map<String, Integer> chosen = new HashMap<>();
        for (int i = 0; i < 1000; i++) {
            chosen.merge(choose(nodes), 1, Integer::sum);
        }

        assertThat(chosen).containsOnlyKeys("a", "b", "c");
        assertThat(chosen.get("a")).isGreaterThan(chosen.get("b"));
        assertThat(chosen.get("b")).isGreaterThan(chosen.get("c"));
    }

    @Test
    void amongManyTheIdleOnesAreFound() {
        List<NodeStatus> nodes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            nodes.add(node("busy " + i, 4, 1));
        }
        nodes.add(node("idle one", 4, 0));
        nodes.add(node("idle other", 4, 0));
        Set<String> chosen = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            chosen.add(choose(nodes));
        }

        assertThat(chosen).containsExactlyInAnyOrder("idle one", "idle other");
    }

    @Test
    void theNodeThatIsPreferredIsChosenWhereItHasRoom() {
        List<NodeStatus> nodes = List.of(node("idle", 4, 0), node("preferred", 1, 9), node("other", 4, 1));

        assertThat(chooser.choose(NEED, "preferred", nodes, n -> false)).contains(nodes.get(1));
        outstanding.offered("preferred", FORWARDS);
        assertThat(chooser.choose(NEED, "preferred", nodes, n -> false)).contains(nodes.get(0));
        assertThat(chooser.choose(NEED, "gone", nodes, n -> false)).contains(nodes.get(0));
    }

    @Test
    void whatWasSentBeforeTheNextStatusCounts() {
        List<NodeStatus> nodes = List.of(node("a", 4, 0), node("b", 4, 0));
        Map<String, Integer> chosen = new HashMap<>();
        for (int i = 0; i < 8; i++) {
            String address = choose(nodes);
            outstanding.offered(address, FORWARDS).accepted(FORWARDS);
            chosen.merge(address, 1, Integer::sum);
        }

        assertThat(chosen).containsEntry("a", 4).containsEntry("b", 4);
        assertThat(chooser.choose(NEED, "", nodes, n -> false)).isEmpty();
        outstanding.heard("b");
        assertThat(choose(nodes)).isEqualTo("b");
    }

    @Test
    void anOfferWithoutAnAnswerHoldsItsCreditThroughStatuses() {
        List<NodeStatus> nodes = List.of(node("a", 1, 0));
        OutstandingLoad.Sent sent = outstanding.offered("a", FORWARDS);
        outstanding.heard("a");

        assertThat(chooser.choose(NEED, "", nodes, n -> false)).isEmpty();
        sent.refused(FORWARDS);
        assertThat(choose(nodes)).isEqualTo("a");
    }

    @Test
    void aNodeWhereManyImagesWaitForModelsIsAskedForThoseInMemoryOnly() {
        NodeStatus has = node("has", 4, 0).toBuilder().setFullOfLoading(true).build();
        NodeStatus loads = has.toBuilder()
                .setModels(0, has.getModels(0).toBuilder().setUnloaded(true))
                .build();

        assertThat(choose(List.of(has))).isEqualTo("has");
        assertThat(chooser.choose(NEED, "", List.of(loads), n -> false)).isEmpty();
        assertThat(chooser.choose(NEED, "has", List.of(loads), n -> false))
                .as("also where it is preferred")
                .isEmpty();
    }

    @Test
    void onlyNodesThatCanAreAsked() {
        NodeStatus able = node("able", 1, 0);
        NodeStatus full = node("full", 0, 0);
        NodeStatus draining = able.toBuilder().setDraining(true).build();
        NodeStatus otherStage = able.toBuilder()
                .setModels(0, ModelStatus.newBuilder().setId("tiny").addStages("decoder"))
                .build();
        NodeStatus otherModel = able.toBuilder()
                .setModels(0, ModelStatus.newBuilder().setId("large").addStages("denoiser"))
                .build();
        NodeStatus brokenModel = able.toBuilder()
                .setModels(
                        0,
                        ModelStatus.newBuilder()
                                .setId("tiny")
                                .addStages("denoiser")
                                .setProblem("no unet"))
                .build();

        for (NodeStatus unable : List.of(full, draining, otherStage, otherModel, brokenModel)) {
            assertThat(chooser.choose(NEED, "", List.of(unable), n -> false)).isEmpty();
        }
        assertThat(chooser.choose(NEED, "", List.of(able), n -> true)).isEmpty();
        assertThat(chooser.choose(NEED, "", List.of(able), n -> false)).contains(able);
    }

    @Test
    void onlyNodesWithTheSameLoraAreAsked() {
        Lora pixel = Lora.newBuilder().setName("pixel").setFingerprint("abc").build();
        Need need = filesOf(with(pixel));
        NodeStatus without = node("without", 4, 0);
        NodeStatus other = with(pixel.toBuilder().setFingerprint("def").build());
        NodeStatus same = with(pixel);

        assertThat(chooser.choose(need, "", List.of(without, other), n -> false))
                .isEmpty();
        assertThat(chooser.choose(need, "", List.of(without, other, same), n -> false))
                .contains(same);
    }

    @Test
    void onlyNodesWithTheSameEmbeddingAreAsked() {
        Embedding toy =
                Embedding.newBuilder().setName("toy").setFingerprint("abc").build();
        NodeStatus.Builder other = node("other", 1, 0).toBuilder();
        other.getModelsBuilder(0).getCardBuilder().addEmbeddings(toy.toBuilder().setFingerprint("def"));
        NodeStatus.Builder same = node("same", 1, 0).toBuilder();
        same.getModelsBuilder(0).getCardBuilder().addEmbeddings(toy);
        Need need = filesOf(same.build());

        assertThat(chooser.choose(need, "", List.of(node("without", 4, 0), other.build()), n -> false))
                .isEmpty();
        assertThat(chooser.choose(need, "", List.of(other.build(), same.build()), n -> false))
                .contains(same.build());
    }

    @Test
    void onlyNodesWithTheSameControlNetAreAsked() {
        ControlNet edges =
                ControlNet.newBuilder().setName("edges").setFingerprint("abc").build();
        Need need = filesOf(with(edges));
        NodeStatus without = node("without", 4, 0);
        NodeStatus other = with(edges.toBuilder().setFingerprint("def").build());
        NodeStatus same = with(edges);

        assertThat(chooser.choose(need, "", List.of(without, other), n -> false))
                .isEmpty();
        assertThat(chooser.choose(need, "", List.of(without, other, same), n -> false))
                .contains(same);
    }

    @Test
    void onlyNodesWithTheSameIpAdapterAreAsked() {
        IpAdapter plus =
                IpAdapter.newBuilder().setName("plus").setFingerprint("abc").build();
        Need need = filesOf(with(plus));
        NodeStatus without = node("without", 4, 0);
        NodeStatus other = with(plus.toBuilder().setFingerprint("def").build());
        NodeStatus same = with(plus);

        assertThat(chooser.choose(need, "", List.of(without, other), n -> false))
                .isEmpty();
        assertThat(chooser.choose(need, "", List.of(without, other, same), n -> false))
                .contains(same);
    }

    @Test
    void onlyNodesWithTheSameUpscalerAreAsked() {
        Upscaler sharp =
                Upscaler.newBuilder().setName("sharp").setFingerprint("abc").build();
        Need need = filesOf(with(sharp));
        NodeStatus without = node("without", 4, 0);
        NodeStatus other = with(sharp.toBuilder().setFingerprint("def").build());
        NodeStatus ofAnotherKind =
                with(Lora.newBuilder().setName("sharp").setFingerprint("abc").build());
        NodeStatus same = with(sharp);

        assertThat(chooser.choose(need, "", List.of(without, other, ofAnotherKind), n -> false))
                .isEmpty();
        assertThat(chooser.choose(need, "", List.of(without, other, same), n -> false))
                .contains(same);
    }

    /** For the files that a node has. */
    private static Need filesOf(NodeStatus node) {
        return new Need(
                "denoiser", "tiny", Edition.ANY, NamedFile.of(node.getModels(0).getCard()));
    }

    private static NodeStatus with(Upscaler upscaler) {
        NodeStatus.Builder node = node(upscaler.getFingerprint(), 1, 0).toBuilder();
        node.getModelsBuilder(0).getCardBuilder().addUpscalers(upscaler);
        return node.build();
    }

    private static NodeStatus with(ControlNet net) {
        NodeStatus.Builder node = node(net.getFingerprint(), 1, 0).toBuilder();
        node.getModelsBuilder(0).getCardBuilder().addControlnets(net);
        return node.build();
    }

    private static NodeStatus with(Lora lora) {
        NodeStatus.Builder node = node(lora.getFingerprint(), 1, 0).toBuilder();
        node.getModelsBuilder(0).getCardBuilder().addLoras(lora);
        return node.build();
    }

    private static NodeStatus with(IpAdapter adapter) {
        NodeStatus.Builder node = node(adapter.getFingerprint(), 1, 0).toBuilder();
        node.getModelsBuilder(0).getCardBuilder().addIpAdapters(adapter);
        return node.build();
    }

    @Test
    void aNodeThatHasTheModelInMemoryIsChosenUnlessItsWaitIsLongerThanALoad() {
        List<NodeStatus> nodes = new ArrayList<>(List.of(node("loaded", 4, 3)));
        for (int i = 0; i < 10; i++) {
            nodes.add(unloaded(node("unloaded", 4, 0)));
        }

        for (int i = 0; i < 50; i++) {
            assertThat(choose(nodes)).isEqualTo("loaded");
        }
        nodes.set(0, node("loaded", 4, 30));
        assertThat(choose(nodes)).isEqualTo("unloaded");
        nodes.set(0, node("loaded", 0, 3));
        assertThat(choose(nodes)).isEqualTo("unloaded");
    }

    private static NodeStatus unloaded(NodeStatus node) {
        return node.toBuilder()
                .setModels(0, node.getModels(0).toBuilder().setUnloaded(true))
                .build();
    }

    private String choose(List<NodeStatus> nodes) {
        Optional<NodeStatus> node = chooser.choose(NEED, "", nodes, n -> false);
        return node.orElseThrow().getAddress();
    }

    private static NodeStatus node(String address, int credits, double backlogSeconds) {
        return NodeStatus.newBuilder()
                .setAddress(address)
                .setStage(StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder().setId("tiny").addStages("denoiser"))
                .setFreeCredits(credits)
                .setBacklogSeconds(backlogSeconds)
                .setStepSeconds(0.1)
                .setLastBatch(1)
                .build();
    }
}

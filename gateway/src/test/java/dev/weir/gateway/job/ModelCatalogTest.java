package dev.weir.gateway.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.gateway.TestCards;
import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.WorkflowStage;
import dev.weir.runtime.route.Edition;
import dev.weir.runtime.route.NodeDirectory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

final class ModelCatalogTest {

    private final List<NodeStatus> nodes = new ArrayList<>();
    private long nanos;
    private final ModelCatalog catalog = new ModelCatalog(new FixedDirectory(() -> List.copyOf(nodes)), () -> nanos);

    @Test
    void modelsComeInTheOrderInWhichTheyWereGiven() {
        serve("n", StageKind.DENOISER, "zebra", "apple", "mango");

        assertThat(ids()).containsExactly("zebra", "apple", "mango");
    }

    @Test
    void nodesThatServeAPartOfThemDoNotChangeTheOrder() {
        serve("a", StageKind.DENOISER, "apple");
        serve("b", StageKind.DENOISER, "mango");
        serve("c", StageKind.DENOISER, "zebra", "apple", "mango");
        serve("d", StageKind.TEXT_ENCODER, "mango", "kiwi");

        assertThat(ids()).containsExactly("zebra", "apple", "mango", "kiwi");
    }

    @Test
    void theOrderDoesNotDependOnTheNamesOfNodes() {
        serve("a", StageKind.DENOISER, "zebra", "apple");
        serve("b", StageKind.DENOISER, "apple", "zebra");
        List<String> once = ids();
        nodes.clear();
        serve("a", StageKind.DENOISER, "apple", "zebra");
        serve("b", StageKind.DENOISER, "zebra", "apple");

        assertThat(ids()).isEqualTo(once);
    }

    /** Each request asks for them, and they may name thousands of files. */
    @Test
    void cardsArePutTogetherOnceForTheSameStatuses() {
        serve("a", StageKind.DENOISER, "apple");
        serve("b", StageKind.DENOISER, "apple");
        List<NodeStatus> same = List.copyOf(nodes);
        Supplier<List<NodeStatus>> directory = () -> nodes.size() == same.size() ? same : List.copyOf(nodes);
        ModelCatalog own = new ModelCatalog(new FixedDirectory(directory), () -> nanos);

        ModelCard once = own.cards().get(0);

        assertThat(own.find("apple").orElseThrow()).isSameAs(once);
        serve("c", StageKind.DENOISER, "apple", "mango");
        assertThat(own.find("mango")).isPresent();
        assertThat(own.find("apple").orElseThrow()).isNotSameAs(once).isEqualTo(once);
    }

    /** In a large cluster another status comes each millisecond. */
    @Test
    void cardsStayTheSameWhileOnlyTheLoadOfNodesChanges() {
        serve("a", StageKind.DENOISER, "apple");
        serve("b", StageKind.DENOISER, "apple");
        ModelCard once = catalog.find("apple").orElseThrow();

        nodes.set(1, nodes.get(1).toBuilder().setWaiting(3).setSequence(9).build());

        assertThat(catalog.find("apple").orElseThrow()).isSameAs(once);
        assertThat(catalog.serving("apple", "denoiser"))
                .extracting(NodeStatus::getWaiting)
                .containsExactly(0, 3);
    }

    @Test
    void nodesThatJoinDrainOrLeaveChangeWhoServes() {
        serve("a", StageKind.DENOISER, "apple");
        assertThat(servingApple()).containsExactly("a");
        serve("b", StageKind.DENOISER, "apple");
        assertThat(servingApple()).containsExactly("a", "b");
        nodes.set(0, nodes.get(0).toBuilder().setDraining(true).build());
        assertThat(servingApple()).containsExactly("b");
        Collections.reverse(nodes);
        assertThat(servingApple()).containsExactly("b");
        nodes.remove(0);
        assertThat(servingApple()).isEmpty();
    }

    /** Nodes with a folder of their own part only: what they tell fits together. */
    @Test
    void cardsOfNodesWithPartsStayTheSameToo() {
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(model("apple").putFingerprints("unet", "u"))
                .build());
        nodes.add(status("b", StageKind.TEXT_ENCODER)
                .addModels(model("apple").putFingerprints("text_encoder", "t"))
                .build());
        ModelCard once = catalog.find("apple").orElseThrow();

        nodes.set(1, nodes.get(1).toBuilder().setWaiting(3).build());

        assertThat(catalog.find("apple").orElseThrow()).isSameAs(once);
        assertThat(catalog.edition("apple")).isEqualTo(new Edition(Map.of("unet", "u", "text_encoder", "t")));
    }

    @Test
    void amongWeightsThatDifferTheLongestPublishedAreTakenAtEachLook() {
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(model("apple").putFingerprints("unet", "1"))
                .setSequence(5)
                .build());
        nodes.add(status("b", StageKind.DENOISER)
                .addModels(model("apple").putFingerprints("unet", "2"))
                .setSequence(4)
                .build());
        assertThat(catalog.edition("apple")).isEqualTo(new Edition(Map.of("unet", "1")));

        nodes.set(1, nodes.get(1).toBuilder().setSequence(6).build());

        assertThat(catalog.edition("apple")).isEqualTo(new Edition(Map.of("unet", "2")));
    }

    @Test
    void theDefaultStaysWhileItsNodesAreAwayForAMoment() {
        serve("a", StageKind.DENOISER, "zebra", "apple");
        serve("b", StageKind.DENOISER, "apple");
        assertThat(ids()).containsExactly("zebra", "apple");

        nodes.remove(0);
        nanos += Duration.ofMinutes(2).toNanos();

        assertThat(ids()).containsExactly("zebra", "apple");
        assertThat(catalog.isReady(catalog.find("zebra").orElseThrow())).isFalse();

        serve("a2", StageKind.DENOISER, "zebra", "apple");

        assertThat(ids()).containsExactly("zebra", "apple");
    }

    @Test
    void aModelThatStaysAwayIsForgotten() {
        serve("a", StageKind.DENOISER, "zebra", "apple");
        serve("b", StageKind.DENOISER, "apple");
        ids();

        nodes.remove(0);
        nanos += Duration.ofMinutes(11).toNanos();

        assertThat(ids()).containsExactly("apple");
    }

    @Test
    void aModelWhoseFileWasRemovedIsForgottenAtOnceButNotWhereAnotherNodeHasIt() {
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(model("apple"))
                .addModels(model("pear"))
                .build());
        assertThat(ids()).containsExactly("apple", "pear");

        nodes.set(
                0,
                status("a", StageKind.DENOISER)
                        .addModels(model("apple"))
                        .addModels(model("pear").setRemoved(true))
                        .build());
        assertThat(ids()).containsExactly("apple");

        serve("b", StageKind.DENOISER, "apple", "pear");
        assertThat(ids()).containsExactly("apple", "pear");
    }

    @Test
    void aModelIsLoadedWhereEachStageHasANodeThatHasItInMemory() {
        List<String> stages = model("apple").getCard().getWorkflows(0).getStagesList().stream()
                .map(WorkflowStage::getName)
                .toList();
        ModelStatus.Builder apple = model("apple").addAllStages(stages);
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(apple.setUnloaded(true))
                .build());
        assertThat(catalog.isReady(catalog.find("apple").orElseThrow())).isTrue();
        assertThat(catalog.isLoaded(catalog.find("apple").orElseThrow())).isFalse();
        nodes.add(status("b", StageKind.DENOISER)
                .addModels(apple.setUnloaded(false))
                .build());
        assertThat(catalog.isLoaded(catalog.find("apple").orElseThrow())).isTrue();
    }

    @Test
    void aModelThatDoesNotLoadAnywhereIsNotOffered() {
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(model("broken").setProblem("a file is missing"))
                .addModels(model("apple"))
                .build());

        assertThat(ids()).containsExactly("apple");
    }

    @Test
    void anAliasStandsForAModelForTheDefaultAndForAnyName() {
        serve("a", StageKind.DENOISER, "zebra", "apple");
        ModelNames names = new ModelNames(
                catalog, Map.of("dall-e-3", "apple", "gpt-image-1", "default", "lost", "nowhere", "apple", "zebra"));

        assertThat(names.find("dall-e-3").orElseThrow().getId()).isEqualTo("apple");
        assertThat(names.find("gpt-image-1").orElseThrow().getId()).isEqualTo("zebra");
        assertThat(names.find("apple").orElseThrow().getId()).isEqualTo("apple");
        assertThat(names.find("lost")).isEmpty();
        assertThat(names.find("other")).isEmpty();
        assertThat(names.aliased()).containsOnlyKeys("dall-e-3", "gpt-image-1");
        assertThat(new ModelNames(catalog, Map.of("*", "apple"))
                        .find("whatever")
                        .orElseThrow()
                        .getId())
                .isEqualTo("apple");
    }

    @Test
    void aModelThatIsCalledDefaultIsNotTheFirstOneForThatReason() {
        serve("a", StageKind.DENOISER, "zebra", "default");

        assertThat(ids()).first().isEqualTo("zebra");
        assertThat(new ModelNames(catalog, Map.of("x", "default"))
                        .find("x")
                        .orElseThrow()
                        .getId())
                .isEqualTo("default");
    }

    @Test
    void aCardOfAnEarlierVersionWithoutWorkflowsIsNotOffered() {
        nodes.add(status("a", StageKind.DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("old")
                        .setCard(ModelCard.newBuilder().setId("old")))
                .addModels(model("apple"))
                .build());

        assertThat(ids()).containsExactly("apple");
    }

    private List<String> servingApple() {
        return catalog.serving("apple", "denoiser").stream()
                .map(NodeStatus::getNodeId)
                .toList();
    }

    private List<String> ids() {
        return catalog.cards().stream().map(ModelCard::getId).toList();
    }

    private void serve(String node, StageKind stage, String... models) {
        NodeStatus.Builder status = status(node, stage);
        for (String model : models) {
            status.addModels(model(model));
        }
        nodes.add(status.build());
    }

    private static NodeStatus.Builder status(String node, StageKind stage) {
        return NodeStatus.newBuilder().setNodeId(node).setStage(stage).setAddress(node + stage);
    }

    private static ModelStatus.Builder model(String id) {
        return ModelStatus.newBuilder()
                .setId(id)
                .addStages("denoiser")
                .setCard(ModelCard.newBuilder().setId(id).addWorkflows(TestCards.textToImage(32, 64, 8, 64)));
    }

    private record FixedDirectory(Supplier<List<NodeStatus>> statuses) implements NodeDirectory {
        @Override
        public List<NodeStatus> alive() {
            return statuses.get();
        }

        @Override
        public void onLost(Consumer<NodeStatus> listener) {}
    }
}

package dev.weir.runtime.route;

import static dev.weir.proto.v1.StageKind.DECODER;
import static dev.weir.proto.v1.StageKind.DENOISER;
import static dev.weir.proto.v1.StageKind.TEXT_ENCODER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EditionTest {

    private static final Map<String, String> OLD = Map.of("text_encoder", "t1", "unet", "u1", "vae", "v1");
    private static final Map<String, String> NEW = Map.of("text_encoder", "t1", "unet", "u2", "vae", "v1");

    private final List<NodeStatus> nodes = new ArrayList<>();

    private static final ModelCard CARD = ModelCard.newBuilder()
            .addWorkflows(Workflow.newBuilder()
                    .addStages(stage(TEXT_ENCODER))
                    .addStages(stage(DENOISER))
                    .addStages(stage(DECODER)))
            .build();

    @Test
    void setsFitIfTheyAgreeOnWhatBothHave() {
        Edition old = new Edition(OLD);
        assertThat(old.fits(OLD)).isTrue();
        assertThat(old.fits(NEW)).isFalse();
        assertThat(old.fits(Map.of("vae", "v1"))).isTrue();
        assertThat(old.fits(Map.of("upsampler/unet", "x"))).isTrue();
        assertThat(old.fits(Map.of())).isTrue();
        assertThat(Edition.ANY.fits(NEW)).isTrue();
    }

    @Test
    void whereAllAgreeThereIsOne() {
        everyStage(OLD);
        everyStage(OLD);
        assertThat(edition()).isEqualTo(new Edition(OLD));
        nodes.clear();
        assertThat(edition()).isEqualTo(Edition.ANY);
        everyStage(Map.of());
        assertThat(edition()).as("nodes of an older version").isEqualTo(Edition.ANY);
    }

    @Test
    void mostNodesDecideAndTheOrderOfStatusesDoesNot() {
        everyStage(OLD);
        node(DENOISER, OLD);
        everyStage(NEW);
        for (int i = 0; i < 20; i++) {
            Collections.shuffle(nodes);
            assertThat(edition()).isEqualTo(new Edition(OLD));
        }
    }

    @Test
    void anEditionThatCanMakeNoImageAloneIsNotChosen() {
        node(DENOISER, NEW);
        node(DENOISER, NEW);
        node(DENOISER, NEW);
        node(DENOISER, NEW);
        everyStage(OLD);
        assertThat(edition()).isEqualTo(new Edition(OLD));
    }

    @Test
    void anEditionWhoseCardsHaveNoWorkflowIsNotWhole() {
        nodes.add(withoutWorkflows("old-1"));
        nodes.add(withoutWorkflows("old-2"));
        nodes.add(withoutWorkflows("old-3"));
        nodes.add(withoutWorkflows("old-4"));
        everyStage(NEW);
        assertThat(edition()).isEqualTo(new Edition(NEW));
    }

    private static NodeStatus withoutWorkflows(String node) {
        return NodeStatus.newBuilder()
                .setNodeId(node)
                .setStage(DENOISER)
                .addModels(ModelStatus.newBuilder()
                        .setId("tiny")
                        .setCard(ModelCard.getDefaultInstance())
                        .putAllFingerprints(OLD))
                .build();
    }

    @Test
    void ofEquallyManyTheOlderNodesDecide() {
        everyStage(NEW);
        everyStage(OLD);
        nodes.replaceAll(node -> node.toBuilder()
                .setSequence(node.getModels(0).getFingerprintsMap().equals(OLD) ? 1000 : 30)
                .build());
        assertThat(edition()).isEqualTo(new Edition(OLD));
    }

    @Test
    void nodesWithASinglePartCountWithThoseTheyFit() {
        node(TEXT_ENCODER, Map.of("text_encoder", "t1"));
        node(DENOISER, Map.of("unet", "u1"));
        node(DENOISER, Map.of("unet", "u2"));
        node(DENOISER, Map.of("unet", "u2"));
        node(DECODER, Map.of("vae", "v1"));
        assertThat(edition()).isEqualTo(new Edition(NEW));
        assertThat(nodes.stream()
                        .filter(node -> edition().isServedBy(node, "tiny"))
                        .count())
                .isEqualTo(4);
    }

    @Test
    void drainingNodesAndThoseWithAProblemDecideNothing() {
        everyStage(NEW);
        everyStage(OLD);
        node(DENOISER, OLD);
        nodes.replaceAll(node -> node.getModels(0).getFingerprintsMap().equals(OLD)
                ? node.toBuilder().setDraining(true).build()
                : node);
        assertThat(edition()).isEqualTo(new Edition(NEW));
    }

    private static WorkflowStage stage(StageKind kind) {
        return WorkflowStage.newBuilder().setName(kind.name()).build();
    }

    private Edition edition() {
        return Edition.of("tiny", nodes);
    }

    private void everyStage(Map<String, String> fingerprints) {
        List.of(TEXT_ENCODER, DENOISER, DECODER).forEach(stage -> node(stage, fingerprints));
    }

    private void node(StageKind stage, Map<String, String> fingerprints) {
        nodes.add(NodeStatus.newBuilder()
                .setNodeId("node-" + nodes.size())
                .setAddress("weir." + stage + "." + nodes.size())
                .setStage(stage)
                .addModels(ModelStatus.newBuilder()
                        .setId("tiny")
                        .addStages(stage.name())
                        .setCard(CARD)
                        .putAllFingerprints(fingerprints))
                .build());
    }
}

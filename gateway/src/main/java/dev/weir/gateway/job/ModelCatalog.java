package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.route.NodeDirectory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The models of the cluster, as the cards in the statuses of its live nodes tell. Any thread. */
public final class ModelCatalog {

    private final NodeDirectory directory;

    public ModelCatalog(NodeDirectory directory) {
        this.directory = directory;
    }

    /** One card for each model that some live node can use, by id; where nodes differ, a denoiser's word counts. */
    public List<ModelCard> cards() {
        Map<String, ModelCard> cards = new TreeMap<>();
        List<NodeStatus> nodes = new ArrayList<>(directory.alive());
        nodes.sort(Comparator.comparing((NodeStatus n) -> n.getStage() != StageKind.DENOISER)
                .thenComparing(NodeStatus::getNodeId));
        for (NodeStatus node : nodes) {
            for (ModelStatus model : node.getModelsList()) {
                if (model.getProblem().isEmpty() && model.hasCard()) {
                    cards.putIfAbsent(model.getId(), model.getCard());
                }
            }
        }
        return List.copyOf(cards.values());
    }

    public Optional<ModelCard> find(String id) {
        return cards().stream().filter(card -> card.getId().equals(id)).findFirst();
    }

    /** Nodes that would take work of this model now. */
    public List<NodeStatus> serving(String model, StageKind stage) {
        return directory.alive(stage).stream()
                .filter(node -> !node.getDraining() && serves(node, model))
                .toList();
    }

    /** The stages of a route that no live node serves. */
    public List<StageKind> missing(String model, List<StageKind> route) {
        return route.stream().filter(stage -> serving(model, stage).isEmpty()).toList();
    }

    /** Whether a picture at the model's native size can be made now. */
    public boolean isReady(ModelCard card) {
        return missing(card.getId(), Route.NATIVE).isEmpty();
    }

    private static boolean serves(NodeStatus node, String model) {
        return node.getModelsList().stream()
                .anyMatch(m -> m.getId().equals(model) && m.getProblem().isEmpty());
    }
}

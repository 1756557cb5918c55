package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.route.Edition;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the live nodes state of their models. It stays as it is while nodes only get work and do it, and not when one joins, leaves or
 * drains. Each answer is worked out when it is first asked for. Any thread.
 */
final class ModelsOfNodes {

    private record Place(String model, String stage, Edition edition) {}

    private final List<NodeStatus> nodes;
    private final Map<Phase, int[]> phases = new ConcurrentHashMap<>();
    private final Map<Place, int[]> serving = new ConcurrentHashMap<>();
    private final Map<String, Optional<Edition>> agreed = new ConcurrentHashMap<>();
    private final Set<String> order;
    private final Set<String> removed;

    ModelsOfNodes(List<NodeStatus> nodes) {
        this.nodes = nodes;
        this.order = ModelOrder.of(nodes);
        this.removed = nodes.stream()
                .flatMap(node -> node.getModelsList().stream())
                .filter(ModelStatus::getRemoved)
                .map(ModelStatus::getId)
                .collect(Collectors.toSet());
    }

    /** Whether other statuses state the same, in the same order. Models that did not change are mostly the same objects. */
    boolean isOf(List<NodeStatus> others) {
        return others.size() == nodes.size()
                && IntStream.range(0, others.size()).allMatch(i -> statesTheSame(nodes.get(i), others.get(i)));
    }

    private static boolean statesTheSame(NodeStatus node, NodeStatus other) {
        return node == other
                || node.getAddress().equals(other.getAddress())
                        && node.getNodeId().equals(other.getNodeId())
                        && node.getStage() == other.getStage()
                        && node.getDraining() == other.getDraining()
                        && node.getModelsList().equals(other.getModelsList());
    }

    /** The ids of all models, see {@link ModelOrder}. */
    Set<String> order() {
        return order;
    }

    /** The ids of models whose files were removed from a node. */
    Set<String> removed() {
        return removed;
    }

    /** Where in the list the nodes are that work in a phase. */
    int[] in(Phase phase) {
        return phases.computeIfAbsent(
                phase, wanted -> places(node -> Phase.of(node).contains(wanted)));
    }

    /** Where in the list the nodes are that accept work of a model in an edition. */
    int[] serving(String model, String stage, Edition edition) {
        return serving.computeIfAbsent(
                new Place(model, stage, edition),
                place -> places(
                        node -> !node.getDraining() && serves(node, model, stage) && edition.isServedBy(node, model)));
    }

    /** The edition of a model, unless nodes differ. */
    Optional<Edition> agreed(String model) {
        return agreed.computeIfAbsent(model, id -> Edition.agreed(id, nodes));
    }

    /** Whether the nodes of each model have the same weights. */
    boolean agree() {
        return order.stream().allMatch(model -> agreed(model).isPresent());
    }

    private int[] places(Predicate<NodeStatus> wanted) {
        return IntStream.range(0, nodes.size())
                .filter(i -> wanted.test(nodes.get(i)))
                .toArray();
    }

    private static boolean serves(NodeStatus node, String model, String stage) {
        return node.getModelsList().stream()
                .anyMatch(m -> m.getId().equals(model)
                        && m.getProblem().isEmpty()
                        && m.getStagesList().contains(stage));
    }
}

package dev.weir.gateway.job;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The order of models over all nodes: as they were given to the nodes, longer lists first, then those of
 * denoisers. A node that serves a part of the
 * models does not change it, and neither do the names of nodes, which each start draws anew. Stateless.
 */
final class ModelOrder {

    private ModelOrder() {}

    /** Ids of models. */
    static Set<String> of(Collection<NodeStatus> nodes) {
        Set<String> order = new LinkedHashSet<>();
        nodes.stream()
                .sorted(Comparator.comparingInt(NodeStatus::getModelsCount)
                        .reversed()
                        .thenComparing(node -> node.getStage() != StageKind.DENOISER)
                        .thenComparing(node -> String.join(",", ids(node))))
                .forEach(node -> order.addAll(ids(node)));
        return order;
    }

    private static List<String> ids(NodeStatus node) {
        return node.getModelsList().stream().map(ModelStatus::getId).toList();
    }
}

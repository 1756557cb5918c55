package dev.weir.gateway.job;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.route.Edition;
import java.util.Arrays;
import java.util.List;

/**
 * The live nodes at one moment, and what they serve. In a large cluster, the list of statuses changes each millisecond. What does not
 * depend on the load of nodes is in {@link ModelsOfNodes}, which most lists have in common. Immutable; any thread.
 *
 * @param statuses of the nodes, as {@code stated} has them in the same order
 */
record LiveNodes(List<NodeStatus> statuses, ModelsOfNodes stated) {

    static final LiveNodes NONE = new LiveNodes(List.of(), new ModelsOfNodes(List.of()));

    /** Of newer statuses. */
    LiveNodes with(List<NodeStatus> newer) {
        return new LiveNodes(newer, stated.isOf(newer) ? stated : new ModelsOfNodes(newer));
    }

    /** Those that work in a phase. */
    List<NodeStatus> in(Phase phase) {
        return at(stated.in(phase));
    }

    /** Those that accept work of a model, in an edition of it. */
    List<NodeStatus> serving(String model, String stage, Edition edition) {
        return at(stated.serving(model, stage, edition));
    }

    /** The weights that new images of a model are generated with. */
    Edition edition(String model) {
        return stated.agreed(model).orElseGet(() -> Edition.of(model, statuses));
    }

    private List<NodeStatus> at(int[] places) {
        return Arrays.stream(places).mapToObj(statuses::get).toList();
    }
}

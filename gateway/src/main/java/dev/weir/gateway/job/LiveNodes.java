package dev.weir.gateway.job;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.runtime.route.Edition;
import java.util.Arrays;
import java.util.List;

/**
 * The live nodes at one moment, and what they serve. A large cluster has another list of statuses each millisecond, so that it looks
 * up what it can in {@link StatedModels}, which only changes with the nodes' models. Immutable; any thread.
 *
 * @param statuses of the nodes, as {@code stated} has them in the same order
 */
record LiveNodes(List<NodeStatus> statuses, StatedModels stated) {

    static final LiveNodes NONE = new LiveNodes(List.of(), new StatedModels(List.of()));

    /** Of newer statuses. */
    LiveNodes with(List<NodeStatus> newer) {
        return new LiveNodes(newer, stated.isOf(newer) ? stated : new StatedModels(newer));
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

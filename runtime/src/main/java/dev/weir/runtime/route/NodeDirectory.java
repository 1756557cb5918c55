package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import java.util.List;
import java.util.function.Consumer;

/** The stage nodes with a valid lease, that is with a status within the last seconds. Any thread. */
public interface NodeDirectory {

    /** The newest status of every live stage of every live node, including draining ones. */
    List<NodeStatus> alive();

    default List<NodeStatus> alive(StageKind stage) {
        return alive().stream().filter(n -> n.getStage() == stage).toList();
    }

    /**
     * Calls back, on the caller's context, with the last status of each stage node whose lease expires or that says
     * goodbye.
     */
    void onLost(Consumer<NodeStatus> listener);
}

package dev.weir.runtime.route;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import io.vertx.core.Future;
import java.util.List;

/**
 * Finds a node for a task and hands the task over. Any thread; answers arrive on the caller's context.
 *
 * <p>The node that the task prefers is chosen if it has room. Otherwise two nodes are drawn at random among those that
 * serve the model and have credits, and the one with the shorter expected wait is chosen. A node that refuses or does
 * not answer is skipped until its next status, and another node is tried at once. If no node has room, the task waits
 * until its deadline, in order of priority and arrival. If no node serves its model at all, it waits until the patience
 * for that is over.
 */
public interface Dispatcher {

    /** @return the node that accepted, or a failure with a {@link DispatchException} */
    Future<NodeStatus> dispatch(Task task, List<Tensor> tensors);

    /** Sends one offer to one node without a retry: for frames, which are dropped if there is no room. */
    Future<Void> tryOnce(Task task, List<Tensor> tensors);
}

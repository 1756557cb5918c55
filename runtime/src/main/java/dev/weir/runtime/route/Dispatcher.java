package dev.weir.runtime.route;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import io.vertx.core.Future;
import java.util.List;

/**
 * Finds a node for a task and hands it over. Any thread; answers come on the caller's context.
 *
 * <p>The node that the task prefers is offered it, where that has room; else of two nodes drawn at random among those that serve the
 * model and have credits, the one with the shorter expected wait. A node that refuses or keeps silent is left out until its next status; another is tried at once.
 * Where no node has room the task waits its turn, by priority and then in order of arrival, until its deadline; where
 * no node serves its model at all, until the patience for that runs out.
 */
public interface Dispatcher {

    /**
     * @return the node that accepted, or a failure with a {@link DispatchException}
     */
    Future<NodeStatus> dispatch(Task task, List<Tensor> tensors);

    /** One offer to one node and no second: for frames, which are dropped where there is no room. */
    Future<Void> tryOnce(Task task, List<Tensor> tensors);
}

package dev.weir.runtime.route;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import io.vertx.core.Future;
import java.util.List;

/**
 * Finds a node for a task and hands it over. Event loop of its owner only.
 *
 * <p>Of two nodes drawn at random among those that serve the model and have credits, the one with the shorter expected wait
 * is offered the task; a refusal or silence leads to another one, with growing pauses, until the task's deadline or the
 * given patience runs out.
 */
public interface Dispatcher {

    /**
     * @return the node that accepted, or a failure with a {@link DispatchException}
     */
    Future<NodeStatus> dispatch(Task task, List<Tensor> tensors);

    /** One offer to one node and no second: for frames, which are dropped where there is no room. */
    Future<Void> tryOnce(Task task, List<Tensor> tensors);
}

package dev.weir.runtime.trace;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Dispatcher;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.vertx.core.Future;
import java.util.List;

/** Adds a span for the time until a node has accepted a task. Frames have none: they are offered once or dropped. */
public final class TracedDispatcher implements Dispatcher {

    private final Dispatcher dispatcher;
    private final Tracing tracing;

    public TracedDispatcher(Dispatcher dispatcher, Tracing tracing) {
        this.dispatcher = dispatcher;
        this.tracing = tracing;
    }

    @Override
    public Future<NodeStatus> dispatch(Task task, List<Tensor> tensors) {
        if (task.getTraceparent().isEmpty() || task.getPosition() >= task.getRouteCount()) {
            return dispatcher.dispatch(task, tensors);
        }
        String stage = task.getRoute(task.getPosition()).getName();
        Span span = tracing.within("dispatch " + stage, task.getTraceparent());
        return dispatcher
                .dispatch(task, tensors)
                .onSuccess(node -> span.setAttribute("weir.node", node.getNodeId()))
                .onFailure(problem -> span.setStatus(StatusCode.ERROR, String.valueOf(problem.getMessage())))
                .onComplete(done -> span.end());
    }

    @Override
    public Future<Void> tryOnce(Task task, List<Tensor> tensors) {
        return dispatcher.tryOnce(task, tensors);
    }
}

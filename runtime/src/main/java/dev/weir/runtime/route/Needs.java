package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import java.util.Collection;
import java.util.stream.IntStream;

/** Whether nodes have what tasks require. Stateless; any thread. */
public final class Needs {

    private Needs() {}

    /** Whether each stage that is left of a task's route has a node with the model, in the task's weights, and the files that it names. */
    public static boolean areMet(Task task, Collection<NodeStatus> nodes) {
        return IntStream.range(task.getPosition(), task.getRouteCount())
                .mapToObj(position ->
                        Need.of(task.toBuilder().setPosition(position).build()))
                .allMatch(need -> nodes.stream().anyMatch(need::servedBy));
    }
}

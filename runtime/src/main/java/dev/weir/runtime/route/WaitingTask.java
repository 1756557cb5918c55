package dev.weir.runtime.route;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.ServiceOrder;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A task for which {@link OfferDispatcher} looks for a node. One thread only. */
final class WaitingTask {

    /** The position in the queue: the more urgent class first, then who came first. */
    record Turn(int rank, long arrival) implements Comparable<Turn> {

        static Turn of(Task task, long arrival) {
            return new Turn(ServiceOrder.rank(task.getPriority()), arrival);
        }

        @Override
        public int compareTo(Turn other) {
            return rank != other.rank ? Integer.compare(rank, other.rank) : Long.compare(arrival, other.arrival);
        }
    }

    final Turn turn;
    final Task task;
    final Need need;
    /** The approximate number of forward passes. */
    final int forwards;

    final List<Tensor> tensors;
    final Promise<NodeStatus> found;
    /** When a node that could do it was seen last. */
    long servedNanos;
    /** By address: the status at which the node refused. */
    private final Map<String, Long> leftOut = new HashMap<>();

    WaitingTask(Turn turn, Task task, List<Tensor> tensors, Promise<NodeStatus> found, long nowNanos) {
        this.turn = turn;
        this.task = task;
        this.need = Need.of(task);
        this.forwards = forwards(task);
        this.tensors = tensors;
        this.found = found;
        this.servedNanos = nowNanos;
    }

    private static int forwards(Task task) {
        Checkpoint resume = task.getResume();
        int done = resume.getPosition() == task.getPosition() ? resume.getStep() : 0;
        return Math.max(1, task.getRoute(task.getPosition()).getForwards() - done);
    }

    /** The node refused it, and is not asked again before it has sent a later status. */
    void leaveOut(String address, long sequence) {
        leftOut.put(address, sequence);
    }

    boolean isLeftOut(NodeStatus node) {
        return leftOut.getOrDefault(node.getAddress(), -1L) >= node.getSequence();
    }

    /** Whether all nodes may take it, so that what they answer holds for all tasks with this need. */
    boolean leavesNoneOut() {
        return leftOut.isEmpty();
    }

    void fail(String code, String message, boolean retryable) {
        fail(new Failure(code, message, retryable));
    }

    void fail(Failure failure) {
        found.fail(new DispatchException(failure));
    }
}

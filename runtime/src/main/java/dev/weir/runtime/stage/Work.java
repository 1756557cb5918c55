package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Task;
import java.util.List;
import java.util.Optional;

/** A task that this node accepted, with the tensors that came with it. Immutable. */
public record Work(Task task, List<Tensor> tensors) {

    public Work {
        tensors = List.copyOf(tensors);
    }

    public SampleKey key() {
        return SampleKey.of(task.getRef());
    }

    /** A frame to decode for someone who watches, and not the picture itself: it may be dropped. */
    public boolean isFrame() {
        return task.hasFrame();
    }

    /** The point in the run at this stage that the sample goes on from; empty where it begins with this stage. */
    public Optional<Checkpoint> resume() {
        Checkpoint at = task.getResume();
        return at.getStep() > 0 && at.getPosition() == task.getPosition() ? Optional.of(at) : Optional.empty();
    }

    /** The next place on the route: the one behind this, or the one that goes on with a sample that had come further. */
    int nextPosition() {
        return Math.max(task.getPosition() + 1, task.getResume().getPosition());
    }

    /** The task as the next stage gets it, but for what this one adds. */
    Task.Builder next() {
        Task.Builder next = task.toBuilder().setPosition(nextPosition());
        return isResumedLater() ? next : next.clearResume();
    }

    /** The tensors of a checkpoint that a later stage goes on from. */
    List<Tensor> carried() {
        return isResumedLater()
                ? tensors.stream()
                        .filter(tensor -> tensor.name().startsWith(Snapshot.PREFIX))
                        .toList()
                : List.of();
    }

    private boolean isResumedLater() {
        return task.getResume().getPosition() > task.getPosition();
    }

    public boolean has(String tensor) {
        return tensors.stream().anyMatch(t -> t.name().equals(tensor));
    }

    /** Throws IllegalArgumentException naming the tensor where there is none. */
    public Tensor tensor(String name) {
        return tensors.stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("the task for %s bears no tensor \"%s\"".formatted(key(), name)));
    }
}

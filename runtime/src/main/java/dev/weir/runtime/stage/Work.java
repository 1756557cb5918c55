package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Task;
import java.util.List;
import java.util.Optional;

/** A task that this node has accepted, with its tensors. Immutable. */
public record Work(Task task, List<Tensor> tensors) {

    public Work {
        tensors = List.copyOf(tensors);
    }

    public SampleKey key() {
        return SampleKey.of(task.getRef());
    }

    /** Whether this is a frame to decode and not the image itself. Frames may be dropped. */
    public boolean isFrame() {
        return task.hasFrame();
    }

    /** The checkpoint in the run at this stage from which the sample continues. Empty if it starts with this stage. */
    public Optional<Checkpoint> resume() {
        Checkpoint at = task.getResume();
        return at.getStep() > 0 && at.getPosition() == task.getPosition() ? Optional.of(at) : Optional.empty();
    }

    /** The next position on the route: the one after this, or the one that continues a sample that was further on. */
    int nextPosition() {
        return Math.max(task.getPosition() + 1, task.getResume().getPosition());
    }

    /** The task as the next stage receives it, without what this stage adds. */
    Task.Builder next() {
        Task.Builder next = task.toBuilder().setPosition(nextPosition());
        return isResumedLater() ? next : next.clearResume();
    }

    /** The tensors of a checkpoint from which a later stage continues. */
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

    /** Throws an IllegalArgumentException that names the tensor if there is none. */
    public Tensor tensor(String name) {
        return tensors.stream()
                .filter(t -> t.name().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("the task for %s bears no tensor \"%s\"".formatted(key(), name)));
    }
}

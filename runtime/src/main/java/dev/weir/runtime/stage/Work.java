package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.route.Ports;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

    /** The stage of the route that this node runs. */
    public dev.weir.proto.v1.Stage stage() {
        return task.getRoute(task.getPosition());
    }

    /**
     * What the next stage receives: the tensors that this one made, and those of before that a later stage takes. Empty if
     * this is the last stage.
     */
    Optional<Work> next(List<Tensor> made) {
        int following = task.getPosition() + 1;
        if (following >= task.getRouteCount()) {
            return Optional.empty();
        }
        Set<String> names = made.stream().map(Tensor::name).collect(Collectors.toSet());
        List<Tensor> handed = new ArrayList<>(made);
        tensors.stream()
                .map(tensor -> isResumedLater() ? tensor : Snapshot.given(tensor))
                .filter(tensor -> !names.contains(tensor.name()) && isWanted(tensor.name()))
                .forEach(handed::add);
        Task.Builder next = task.toBuilder();
        if (!isResumedLater()) {
            return Optional.of(
                    new Work(next.clearResume().setPosition(following).build(), handed));
        }
        List<String> present = handed.stream().map(Snapshot::givenName).toList();
        int goal = task.getResume().getPosition();
        next.setPosition(Ports.next(task.getRouteList(), following, goal, present));
        return Optional.of(new Work(next.build(), handed));
    }

    private boolean isWanted(String tensor) {
        return tensor.startsWith(Snapshot.PREFIX)
                ? isResumedLater()
                : Ports.isTaken(task.getRouteList(), task.getPosition() + 1, tensor);
    }

    /** The engines that have computed for the image, when this one has, too. */
    public List<String> engines(Target target) {
        return Stream.concat(task.getEnginesList().stream(), Stream.of(target.engineAndInstructionSet()))
                .filter(engine -> !engine.isEmpty())
                .distinct()
                .toList();
    }

    /** Whether the sample only passes: a later stage continues it. */
    private boolean isResumedLater() {
        return task.getResume().getPosition() > task.getPosition();
    }

    public boolean has(String tensor) {
        return find(tensor).isPresent();
    }

    /** Throws an IllegalArgumentException that names the tensor if there is none. */
    public Tensor tensor(String name) {
        return find(name)
                .orElseThrow(() ->
                        new IllegalArgumentException("the task for %s bears no tensor \"%s\"".formatted(key(), name)));
    }

    /** Handed on, or from a checkpoint. */
    private Optional<Tensor> find(String name) {
        return Stream.of(name, Snapshot.GIVEN + name)
                .flatMap(wanted -> tensors.stream().filter(t -> t.name().equals(wanted)))
                .findFirst();
    }
}

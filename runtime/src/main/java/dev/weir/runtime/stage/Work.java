package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Task;
import java.util.List;

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

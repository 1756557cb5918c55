package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import java.util.Comparator;
import java.util.List;

/**
 * A checkpoint with its tensors: all that another node needs to go on with a sample. Immutable.
 *
 * @param tensors named as {@link Checkpoint} says, each with {@link #PREFIX}
 */
public record Snapshot(Checkpoint checkpoint, List<Tensor> tensors) {

    /** How the names of tensors begin that belong to a checkpoint. */
    public static final String PREFIX = "checkpoint.";

    private static final Comparator<Checkpoint> ON_THE_ROUTE =
            Comparator.comparingInt(Checkpoint::getPosition).thenComparingInt(Checkpoint::getStep);

    public Snapshot {
        tensors = List.copyOf(tensors);
    }

    /** Whether the sample had come further here than there. */
    public boolean isPast(Snapshot other) {
        return ON_THE_ROUTE.compare(checkpoint, other.checkpoint) > 0;
    }
}

package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import java.util.Comparator;
import java.util.List;

/**
 * A checkpoint with its tensors: everything that another node needs to continue a sample. Immutable.
 *
 * @param tensors named as {@link Checkpoint} states, each with {@link #PREFIX}
 */
public record Snapshot(Checkpoint checkpoint, List<Tensor> tensors) {

    /** The prefix of the names of a checkpoint's tensors. */
    public static final String PREFIX = "checkpoint.";

    private static final Comparator<Checkpoint> ON_THE_ROUTE =
            Comparator.comparingInt(Checkpoint::getPosition).thenComparingInt(Checkpoint::getStep);

    public Snapshot {
        tensors = List.copyOf(tensors);
    }

    /** Whether this checkpoint is further on than the other. */
    public boolean isPast(Snapshot other) {
        return ON_THE_ROUTE.compare(checkpoint, other.checkpoint) > 0;
    }
}

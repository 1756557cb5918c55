package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Stage;
import dev.weir.runtime.route.Ports;
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

    /** The prefix of the names of the tensors that earlier stages made. */
    public static final String GIVEN = PREFIX + "given.";

    private static final Comparator<Checkpoint> ON_THE_ROUTE =
            Comparator.comparingInt(Checkpoint::getPosition).thenComparingInt(Checkpoint::getStep);

    public Snapshot {
        tensors = List.copyOf(tensors);
    }

    /** The tensor under its name in a checkpoint. */
    public static Tensor asGiven(Tensor tensor) {
        return new Tensor(GIVEN + givenName(tensor), tensor.dtype(), tensor.shape(), tensor.bytes());
    }

    /** The tensor under the name that the stage gave it that made it. */
    static Tensor given(Tensor tensor) {
        return tensor.name().startsWith(GIVEN)
                ? new Tensor(givenName(tensor), tensor.dtype(), tensor.shape(), tensor.bytes())
                : tensor;
    }

    public static String givenName(Tensor tensor) {
        return tensor.name().startsWith(GIVEN) ? tensor.name().substring(GIVEN.length()) : tensor.name();
    }

    /** Where on the route a sample enters that continues from here: earlier, if a tensor has to be made again. */
    public int entry(List<Stage> route) {
        return Ports.next(
                route,
                0,
                checkpoint.getPosition(),
                tensors.stream().map(Snapshot::givenName).toList());
    }

    Snapshot withEngines(List<String> engines) {
        return new Snapshot(
                checkpoint.toBuilder().clearEngines().addAllEngines(engines).build(), tensors);
    }

    /** Whether this checkpoint is further on than the other. */
    public boolean isPast(Snapshot other) {
        return ON_THE_ROUTE.compare(checkpoint, other.checkpoint) > 0;
    }
}

package dev.weir.serving;

import dev.weir.proto.Tensor;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.List;

/** What earlier stages gave to a sample: tensors handed on with its task, or kept in its checkpoint. Stateless; any thread. */
public final class Given {

    /** In a checkpoint: a tensor that an earlier stage gave. */
    static final String PREFIX = Snapshot.PREFIX + "given.";

    private Given() {}

    /** Throws an IllegalArgumentException that names the tensor if there is none. */
    public static Tensor tensor(Work work, String name) {
        return work.tensor(work.has(PREFIX + name) ? PREFIX + name : name);
    }

    /** Of these tensors, those that a checkpoint keeps, under the names that they have there. */
    static List<Tensor> kept(List<Tensor> tensors) {
        return tensors.stream()
                .filter(tensor -> !Branches.isOfBranch(tensor.name()))
                .filter(tensor ->
                        tensor.name().startsWith(PREFIX) || !tensor.name().startsWith(Snapshot.PREFIX))
                .map(Given::named)
                .toList();
    }

    private static Tensor named(Tensor tensor) {
        return tensor.name().startsWith(PREFIX)
                ? tensor
                : new Tensor(PREFIX + tensor.name(), tensor.dtype(), tensor.shape(), tensor.bytes());
    }
}

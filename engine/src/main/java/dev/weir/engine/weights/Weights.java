package dev.weir.engine.weights;

import java.nio.ByteBuffer;
import java.util.Set;

/** The named tensors of one component, whatever files hold them. Immutable; any thread. */
public interface Weights {

    Set<String> names();

    /** Throws {@link dev.weir.engine.ModelException} naming the tensor where there is none of this name. */
    TensorInfo info(String name);

    /** The tensor's bytes, little-endian, mapped and not copied; below 2 GiB. */
    ByteBuffer bytes(String name);
}

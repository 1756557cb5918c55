package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.nio.ByteBuffer;
import java.util.Set;

/** The named tensors of one component, whatever files hold them. Immutable; any thread. */
public interface Weights {

    /** No weights at all, for asking a network what it expects. */
    Weights NONE = new Weights() {
        @Override
        public Set<String> names() {
            return Set.of();
        }

        @Override
        public TensorInfo info(String name) {
            throw new ModelException("there is no tensor " + name);
        }

        @Override
        public ByteBuffer bytes(String name) {
            throw new ModelException("there is no tensor " + name);
        }

        @Override
        public void requireUnchanged() {
            // There is no file.
        }

        @Override
        public void requireNotTruncated() {
            // There is no file.
        }
    };

    Set<String> names();

    /** Throws {@link ModelException} naming the tensor where there is none of this name. */
    TensorInfo info(String name);

    /** The tensor's bytes, little-endian, mapped and not copied; below 2 GiB. */
    ByteBuffer bytes(String name);

    /**
     * Throws {@link ModelException} if a file of them has changed since it was opened. Whoever has them read by another library
     * calls it before and after, because that library opens the files again.
     */
    void requireUnchanged();

    /**
     * Throws {@link ModelException} if a file that is mapped has become shorter. Networks read their weights from the mapping, so it
     * is called before each forward.
     */
    void requireNotTruncated();

    /** The numbers of a small tensor. Throws {@link ModelException} where they are no floats. */
    default float[] floats(String name) {
        WeightType type = info(name).type();
        if (!type.isFloat()) {
            throw new ModelException("%s is %s, not floats".formatted(name, type));
        }
        return Numbers.read(this, name);
    }
}

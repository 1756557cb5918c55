package dev.weir.engine.weights;

import dev.weir.engine.ModelException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
    };

    Set<String> names();

    /** Throws {@link ModelException} naming the tensor where there is none of this name. */
    TensorInfo info(String name);

    /** The tensor's bytes, little-endian, mapped and not copied; below 2 GiB. */
    ByteBuffer bytes(String name);

    /** The numbers of a small tensor. Throws {@link ModelException} where they are no floats. */
    default float[] floats(String name) {
        WeightType type = info(name).type();
        ByteBuffer bytes = bytes(name).duplicate().order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[bytes.remaining() / type.bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (type) {
                case F32 -> bytes.getFloat();
                case F16 -> half(bytes.getShort());
                case BF16 -> Float.intBitsToFloat(bytes.getShort() << Short.SIZE);
                default -> throw new ModelException("%s is %s, not floats".formatted(name, type));
            };
        }
        return values;
    }

    /** IEEE 754 binary16, for which Java 17 has no conversion. Infinities become NaN: no weight has either. */
    private static float half(short bits) {
        boolean isFinite = (bits & 0x7c00) != 0x7c00;
        // The product moves the exponent's bias, and makes subnormal numbers normal.
        float magnitude = Float.intBitsToFloat((bits & 0x7fff) << 13) * 0x1p112f;
        return isFinite ? Math.copySign(magnitude, bits) : Float.NaN;
    }
}

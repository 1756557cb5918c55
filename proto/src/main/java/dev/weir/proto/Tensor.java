package dev.weir.proto;

import dev.weir.proto.v1.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A named tensor in its wire format: little-endian, row-major. Immutable, so that local delivery can share it; remote
 * delivery copies it.
 */
public final class Tensor {

    private final String name;
    private final DType dtype;
    private final long[] shape;
    private final ByteBuffer bytes;

    /** Takes ownership of the buffer: the caller must not write to it again. */
    public Tensor(String name, DType dtype, long[] shape, ByteBuffer bytes) {
        this.name = name;
        this.dtype = dtype;
        this.shape = shape.clone();
        this.bytes = bytes.slice().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        long expected = byteLength(dtype, shape);
        if (expected != this.bytes.remaining()) {
            throw new IllegalArgumentException("tensor %s: %s%s needs %d bytes, not %d"
                    .formatted(name, dtype, Arrays.toString(shape), expected, this.bytes.remaining()));
        }
    }

    /** A FLOAT32 tensor of a copy of the values. */
    public static Tensor ofFloats(String name, float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return new Tensor(name, DType.FLOAT32, shape, bytes);
    }

    /** A one-dimensional UINT8 tensor that uses the array itself: the caller must not write to it again. */
    public static Tensor ofBytes(String name, byte[] values) {
        return new Tensor(name, DType.UINT8, new long[] {values.length}, ByteBuffer.wrap(values));
    }

    public String name() {
        return name;
    }

    public DType dtype() {
        return dtype;
    }

    public long[] shape() {
        return shape.clone();
    }

    int rank() {
        return shape.length;
    }

    /** A read-only view of the bytes, little-endian, positioned at their start. */
    public ByteBuffer bytes() {
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    public int byteLength() {
        return bytes.remaining();
    }

    /** The values of a FLOAT32 or FLOAT16 tensor. */
    public float[] toFloats() {
        return switch (dtype) {
            case FLOAT32 -> {
                float[] values = new float[bytes.remaining() / 4];
                bytes().asFloatBuffer().get(values);
                yield values;
            }
            case FLOAT16 -> HalfFloats.toFloats(bytes());
            default -> throw new IllegalStateException("tensor %s holds %s, not floats".formatted(name, dtype));
        };
    }

    /** Whether no number of it is NaN or infinite; whole numbers never are. */
    public boolean isFinite() {
        if (dtype != DType.FLOAT32 && dtype != DType.FLOAT16) {
            return true;
        }
        for (float value : toFloats()) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    /** A copy of the bytes. */
    public byte[] toBytes() {
        byte[] copy = new byte[bytes.remaining()];
        bytes().get(copy);
        return copy;
    }

    /**
     * The number of bytes of a tensor of this type and shape. Throws ArithmeticException on overflow of a long, and
     * IllegalArgumentException on a bad type or side.
     */
    static long byteLength(DType dtype, long[] shape) {
        long size =
                switch (dtype) {
                    case FLOAT32 -> 4;
                    case FLOAT16 -> 2;
                    case INT64 -> 8;
                    case UINT8, BOOL -> 1;
                    default -> throw new IllegalArgumentException("no tensor has the type " + dtype);
                };
        for (long side : shape) {
            if (side < 0) {
                throw new IllegalArgumentException("a tensor has no negative side: " + Arrays.toString(shape));
            }
            size = Math.multiplyExact(size, side);
        }
        return size;
    }
}

package dev.weir.engine.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads tensors as fp32, whatever their file's type. Stateless; any thread. */
public final class Numbers {

    private static final int HALF_EXPONENT = 0x7c00;
    private static final int HALF_FRACTION = 0x03ff;

    private Numbers() {}

    public static float[] read(Weights weights, String name) {
        var values = new float
                [weights.bytes(name).remaining() / weights.info(name).type().bytes()];
        read(weights, name, 0, values);
        return values;
    }

    /** Fills the array with the tensor's numbers from one of them on. */
    public static void read(Weights weights, String name, int first, float[] values) {
        var type = weights.info(name).type();
        var all = weights.bytes(name);
        ByteBuffer bytes = all.slice(all.position() + first * type.bytes(), values.length * type.bytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case F32 -> bytes.asFloatBuffer().get(values);
            case F16 -> halves(bytes, values);
            default -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = next(bytes, type);
                }
            }
        }
    }

    private static float next(ByteBuffer bytes, WeightType type) {
        return switch (type) {
            case F32 -> bytes.getFloat();
            case F16 -> half(bytes.getShort());
            case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
            case I64 -> bytes.getLong();
            case I32 -> bytes.getInt();
            case U8, BOOL -> Byte.toUnsignedInt(bytes.get());
        };
    }

    /** Most numbers are neither tiny nor infinite: those only have another bias of the exponent. */
    private static void halves(ByteBuffer bytes, float[] values) {
        var halves = new short[values.length];
        bytes.asShortBuffer().get(halves);
        for (int i = 0; i < halves.length; i++) {
            int bits = halves[i];
            int exponent = bits & HALF_EXPONENT;
            values[i] = exponent == 0 || exponent == HALF_EXPONENT
                    ? half((short) bits)
                    : Float.intBitsToFloat((bits & 0x8000) << 16 | ((bits & 0x7fff) << 13) + 0x38000000);
        }
    }

    /** Java 17 has no conversion of its own. */
    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits & HALF_EXPONENT;
        int fraction = bits & HALF_FRACTION;
        if (exponent == 0) {
            return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign | 0x3f800000));
        }
        int wide = exponent == HALF_EXPONENT ? 0x7f800000 : (exponent << 13) + 0x38000000;
        return Float.intBitsToFloat(sign | wide | fraction << 13);
    }
}

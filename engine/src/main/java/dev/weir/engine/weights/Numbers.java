package dev.weir.engine.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads small tensors as fp32, whatever their file's type. Large ones do not pass through Java. Stateless; any thread. */
public final class Numbers {

    private static final int HALF_EXPONENT = 0x7c00;
    private static final int HALF_FRACTION = 0x03ff;

    private Numbers() {}

    public static float[] read(Weights weights, String name) {
        var type = weights.info(name).type();
        ByteBuffer bytes = weights.bytes(name).duplicate().order(ByteOrder.LITTLE_ENDIAN);
        var values = new float[bytes.remaining() / type.bytes()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (type) {
                case F32 -> bytes.getFloat();
                case F16 -> half(bytes.getShort());
                case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
                case I64 -> bytes.getLong();
                case I32 -> bytes.getInt();
                case U8, BOOL -> Byte.toUnsignedInt(bytes.get());
            };
        }
        return values;
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

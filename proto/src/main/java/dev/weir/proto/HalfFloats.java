package dev.weir.proto;

import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** IEEE 754 binary16, for Java 17, which has no conversion of its own (Java 20 has). */
final class HalfFloats {

    private HalfFloats() {}

    static float[] toFloats(ByteBuffer littleEndian) {
        ShortBuffer halves = littleEndian.asShortBuffer();
        float[] values = new float[halves.remaining()];
        for (int i = 0; i < values.length; i++) {
            values[i] = toFloat(halves.get(i));
        }
        return values;
    }

    static float toFloat(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = half >> 10 & 0x1f;
        int fraction = half & 0x3ff;
        if (exponent == 0x1f) {
            return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
        }
        if (exponent == 0) {
            float subnormal = fraction * 0x1p-24f;
            return sign == 0 ? subnormal : -subnormal;
        }
        return Float.intBitsToFloat(sign | exponent + 112 << 23 | fraction << 13);
    }
}

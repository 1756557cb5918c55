package dev.weir.engine.backend;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * One input of a forward, written straight into native memory. Any thread may make one; the device thread fills it.
 *
 * @param shape the batch first
 * @param filler writes all elements, in native order
 */
public record Feed(Type type, long[] shape, Consumer<ByteBuffer> filler) {

    /** Types that may cross a graph's edge. */
    public enum Type {
        FLOAT(4),
        LONG(8),
        BOOL(1);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    public static Feed floats(Consumer<ByteBuffer> filler, long... shape) {
        return new Feed(Type.FLOAT, shape, filler);
    }

    public static Feed longs(Consumer<ByteBuffer> filler, long... shape) {
        return new Feed(Type.LONG, shape, filler);
    }

    public static Feed booleans(Consumer<ByteBuffer> filler, long... shape) {
        return new Feed(Type.BOOL, shape, filler);
    }

    /** How many bytes the filler writes. */
    public int length() {
        long elements = 1;
        for (long side : shape) {
            elements = Math.multiplyExact(elements, side);
        }
        return Math.toIntExact(Math.multiplyExact(elements, type.bytes));
    }
}

package dev.weir.engine.backend;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * One input of a forward, written straight into native memory. Any thread may make one; the device thread fills it.
 *
 * @param shape the batch first
 * @param filler writes all elements, in native order
 * @param sources the immutable objects that its elements follow from. A feed of the same shape from the same objects has the same
 *     elements and need not be written again. Empty: it is written for each forward
 */
public record Feed(Type type, long[] shape, Consumer<ByteBuffer> filler, List<?> sources) {

    public Feed {
        sources = List.copyOf(sources);
    }

    /** A feed that is written for each forward. */
    public Feed(Type type, long[] shape, Consumer<ByteBuffer> filler) {
        this(type, shape, filler, List.of());
    }

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

    /** The same, whose elements follow from these objects alone. */
    public Feed from(List<?> immutable) {
        return new Feed(type, shape, filler, immutable);
    }

    /** Whether the elements are known to be those of the other feed. */
    boolean isSame(Feed other) {
        if (sources.isEmpty() || sources.size() != other.sources.size() || type != other.type) {
            return false;
        }
        for (int i = 0; i < sources.size(); i++) {
            if (sources.get(i) != other.sources.get(i)) {
                return false;
            }
        }
        return Arrays.equals(shape, other.shape);
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

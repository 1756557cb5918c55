package dev.weir.engine;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A float32 tensor on the Java heap, row-major. The values are shared, not copied: nobody writes to them.
 *
 * @param shape its axes; none for a single number
 */
public record HostTensor(List<Integer> shape, float[] values) {

    public HostTensor {
        shape = List.copyOf(shape);
        long size = 1;
        for (int side : shape) {
            if (side < 0) {
                throw new IllegalArgumentException("a tensor has no negative side: " + shape);
            }
            size = Math.multiplyExact(size, (long) side);
        }
        if (values.length != size) {
            throw new IllegalArgumentException("%d numbers do not fill %s".formatted(values.length, shape));
        }
    }

    public static HostTensor of(float[] values, int... shape) {
        return new HostTensor(IntStream.of(shape).boxed().toList(), values);
    }

    /** A tensor without axes. */
    public static HostTensor number(float value) {
        return new HostTensor(List.of(), new float[] {value});
    }

    public int rank() {
        return shape.size();
    }

    public int side(int axis) {
        return shape.get(axis);
    }

    /** The values of a tensor without axes, or of one number. */
    public float number() {
        if (values.length != 1) {
            throw new IllegalArgumentException("a tensor of %s is no single number".formatted(shape));
        }
        return values[0];
    }

    public boolean isFinite() {
        return Finite.all(values);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HostTensor tensor && shape.equals(tensor.shape) && Arrays.equals(values, tensor.values);
    }

    @Override
    public int hashCode() {
        return 31 * shape.hashCode() + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "HostTensor" + shape;
    }
}

package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import java.util.Arrays;
import java.util.List;

/**
 * A tensor as a view of a storage, which holds all of it. Immutable.
 *
 * @param offset of the first number in the storage
 * @param strides by how many numbers the neighbours along each axis are apart
 */
record TensorView(Storage storage, long offset, long[] shape, long[] strides) {

    private static final int MOST_AXES = 16;

    /** Throws {@link ModelException} where the storage does not hold the tensor, or holds numbers of it that count several times. */
    static TensorView of(Storage storage, Object offset, Object shape, Object strides) {
        long[] sides = counts(shape);
        long[] steps = counts(strides);
        if (!(offset instanceof Long first) || first < 0) {
            throw new ModelException("a tensor begins outside its storage");
        }
        if (sides.length != steps.length) {
            throw new ModelException("a tensor has %d sides and %d strides".formatted(sides.length, steps.length));
        }
        try {
            long count = 1;
            long last = first;
            for (int i = 0; i < sides.length; i++) {
                count = Math.multiplyExact(count, sides[i]);
                last = Math.addExact(last, Math.multiplyExact(Math.max(sides[i] - 1, 0), steps[i]));
            }
            if (count > storage.count() || count > 0 && last >= storage.count()) {
                throw outside(storage, sides);
            }
        } catch (ArithmeticException e) {
            throw outside(storage, sides);
        }
        return new TensorView(storage, first, sides, steps);
    }

    private static ModelException outside(Storage storage, long[] shape) {
        return new ModelException("a tensor of %s is not inside its storage %s of %d numbers"
                .formatted(Arrays.toString(shape), storage.key(), storage.count()));
    }

    private static long[] counts(Object value) {
        if (value instanceof List<?> list
                && list.size() <= MOST_AXES
                && list.stream().allMatch(side -> side instanceof Long count && count >= 0)) {
            return list.stream().mapToLong(Long.class::cast).toArray();
        }
        throw new ModelException("a tensor's shape is no list of counts");
    }

    long count() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /** Whether its numbers lie one after another. */
    boolean isContiguous() {
        long expected = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            if (shape[i] != 1 && strides[i] != expected) {
                return count() == 0;
            }
            expected *= shape[i];
        }
        return true;
    }

    /** How many numbers of the storage it spans, from its first to its last. */
    long span() {
        long last = 0;
        for (int i = 0; i < shape.length; i++) {
            last += Math.max(shape[i] - 1, 0) * strides[i];
        }
        return count() == 0 ? 0 : last + 1;
    }
}

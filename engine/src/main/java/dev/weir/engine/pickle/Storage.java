package dev.weir.engine.pickle;

import dev.weir.engine.ModelException;
import dev.weir.engine.weights.WeightType;
import java.util.Map;

/**
 * The numbers that tensors are views of.
 *
 * @param type its class in PyTorch
 * @param key its name in the file
 * @param count of its numbers
 */
record Storage(Global type, String key, long count) {

    /** So that no length in bytes overflows. */
    private static final long MOST_COUNT = 1L << 48;

    private static final Map<String, WeightType> TYPES = Map.of(
            "FloatStorage", WeightType.F32,
            "HalfStorage", WeightType.F16,
            "BFloat16Storage", WeightType.BF16,
            "LongStorage", WeightType.I64,
            "IntStorage", WeightType.I32,
            "ByteStorage", WeightType.U8,
            "BoolStorage", WeightType.BOOL);
    /** Types of PyTorch that no network of Weir has, by the sizes of their numbers. */
    private static final Map<String, Integer> OTHERS = Map.of(
            "DoubleStorage", 8,
            "ShortStorage", 2,
            "CharStorage", 1,
            "ComplexFloatStorage", 8,
            "ComplexDoubleStorage", 16);

    Storage {
        if (count < 0 || count > MOST_COUNT) {
            throw new ModelException("a storage has %d numbers".formatted(count));
        }
    }

    static boolean isType(Global global) {
        return global.module().equals("torch")
                && (TYPES.containsKey(global.name()) || OTHERS.containsKey(global.name()));
    }

    /** Null for one of the types that Weir does not read. */
    WeightType weightType() {
        return TYPES.get(type.name());
    }

    /** Size of one number. */
    int size() {
        WeightType known = weightType();
        return known == null ? OTHERS.get(type.name()) : known.bytes();
    }
}

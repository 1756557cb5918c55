package dev.weir.engine.onnx;

import dev.weir.engine.weights.WeightType;

/** ONNX's numbers of element types. */
final class ElementType {

    static final int FLOAT = 1;
    static final int UINT8 = 2;
    static final int INT32 = 6;
    static final int INT64 = 7;
    static final int BOOL = 9;
    static final int FLOAT16 = 10;
    static final int BFLOAT16 = 16;

    private ElementType() {}

    static int of(WeightType type) {
        return switch (type) {
            case F32 -> FLOAT;
            case F16 -> FLOAT16;
            case BF16 -> BFLOAT16;
            case I64 -> INT64;
            case I32 -> INT32;
            case U8 -> UINT8;
            case BOOL -> BOOL;
        };
    }
}

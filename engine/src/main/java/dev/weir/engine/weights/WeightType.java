package dev.weir.engine.weights;

/** Element types of safetensors that Weir reads. */
public enum WeightType {
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    U8(1),
    BOOL(1);

    private final int bytes;

    WeightType(int bytes) {
        this.bytes = bytes;
    }

    public boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }

    /** Size of one element. */
    public int bytes() {
        return bytes;
    }
}

package dev.weir.engine;

import java.util.Locale;

/**
 * Where networks run and in which precision. The edges of every graph are fp32 whatever the precision inside.
 *
 * @param device {@code cpu} or {@code cuda:N}
 */
public record ComputeTarget(String device, Precision precision) {

    public enum Precision {
        FP32,
        BF16,
        FP16
    }

    /** As {@code cpu bf16}. */
    @Override
    public String toString() {
        return device + " " + precision.name().toLowerCase(Locale.ROOT);
    }

    public boolean isCuda() {
        return device.startsWith("cuda");
    }
}

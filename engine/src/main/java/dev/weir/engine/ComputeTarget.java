package dev.weir.engine;

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

    public boolean isCuda() {
        return device.startsWith("cuda");
    }
}

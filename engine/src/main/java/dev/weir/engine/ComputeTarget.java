package dev.weir.engine;

import java.util.Locale;

/**
 * Where networks run and in which precision. The edges of every graph are fp32 whatever the precision inside.
 *
 * @param device {@code cpu} or {@code cuda:N}
 */
public record ComputeTarget(String device, Precision precision, Engine engine) {

    /** The library that computes. */
    public enum Engine {
        TORCH,
        ONNX;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public enum Precision {
        FP32,
        BF16,
        FP16
    }

    /** libtorch. */
    public ComputeTarget(String device, Precision precision) {
        this(device, precision, Engine.TORCH);
    }

    /** Such as {@code cpu bf16}. ONNX Runtime is also named. */
    @Override
    public String toString() {
        var target = device + " " + precision.name().toLowerCase(Locale.ROOT);
        return engine == Engine.TORCH ? target : target + " " + engine;
    }

    public boolean isCuda() {
        return device.startsWith("cuda");
    }
}

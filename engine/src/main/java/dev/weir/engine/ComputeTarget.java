package dev.weir.engine;

import dev.weir.engine.torch.Processor;
import java.util.Locale;

/**
 * Where networks run and in which precision. The edges of every graph are fp32 whatever the precision inside.
 *
 * @param device {@code cpu} or {@code cuda:N}
 * @param reason why this engine runs here, for people
 */
public record ComputeTarget(String device, Precision precision, Engine engine, String reason) {

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
        FP32(Float.BYTES),
        BF16(Short.BYTES),
        FP16(Short.BYTES);

        private final int bytes;

        Precision(int bytes) {
            this.bytes = bytes;
        }

        /** Size of a number. */
        public int bytes() {
            return bytes;
        }
    }

    /** libtorch. */
    public ComputeTarget(String device, Precision precision) {
        this(device, precision, Engine.TORCH);
    }

    public ComputeTarget(String device, Precision precision, Engine engine) {
        this(device, precision, engine, "asked for");
    }

    public ComputeTarget because(String newReason) {
        return new ComputeTarget(device, precision, engine, newReason);
    }

    /** Of a network whose numbers leave the range of fp16: another precision where that is asked for. */
    public ComputeTarget insteadOfFp16(Precision other) {
        return precision == Precision.FP16 ? new ComputeTarget(device, other, engine, reason) : this;
    }

    /** What decides the bits of a result, as {@code cpu fp32 onnx avx2}. */
    @Override
    public String toString() {
        return "%s %s %s %s".formatted(device, precisionName(), engine, instructionSet());
    }

    public String precisionName() {
        return precision.name().toLowerCase(Locale.ROOT);
    }

    /** The instructions that the engine computes with; {@code cuda} on a GPU. */
    public String instructionSet() {
        if (isCuda()) {
            return "cuda";
        }
        return engine == Engine.TORCH ? Processor.limitedInstructionSet() : Processor.instructionSet();
    }

    public boolean isCuda() {
        return device.startsWith("cuda");
    }
}

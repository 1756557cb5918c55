package dev.weir.engine.torch;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import com.sun.management.OperatingSystemMXBean;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/** Where networks run best on this machine. Any thread. */
public final class Devices {

    private static final long UNKNOWN_GPU_BYTES = 8L << 30;

    private Devices() {}

    /**
     * CUDA where there is some, in fp16, else the processor: in bf16 where it has matrix units for that, else in fp32.
     *
     * @param device {@code cpu}, {@code cuda} or {@code cuda:N}, to overrule the choice
     * @param precision to overrule the choice
     * @throws IllegalArgumentException where this machine has no such device, or its processor cannot compute in the precision
     */
    public static ComputeTarget best(Optional<String> device, Optional<Precision> precision) {
        var gpus = Torch.engine().getGpuCount();
        var name = device.orElse(gpus > 0 ? "cuda:0" : "cpu");
        if (name.equals("cuda")) {
            name = "cuda:0";
        }
        if (!name.equals("cpu") && !name.matches("cuda:\\d{1,3}")) {
            throw new IllegalArgumentException("device must be cpu, cuda or cuda:N, not " + name);
        }
        if (name.startsWith("cuda:") && Integer.parseInt(name.substring("cuda:".length())) >= gpus) {
            throw new IllegalArgumentException(
                    "there is no device %s: libtorch sees %d CUDA devices".formatted(name, gpus));
        }
        if (!name.equals("cpu")) {
            return new ComputeTarget(name, precision.orElse(Precision.FP16));
        }
        precision.filter(asked -> !Processor.supports(asked)).ifPresent(asked -> {
            throw new IllegalArgumentException(Processor.refusal(asked));
        });
        return new ComputeTarget(name, precision.orElseGet(Devices::onProcessor));
    }

    /** How much memory a target has in all: the GPU's, or the machine's or container's. */
    public static long memory(ComputeTarget target) {
        return target.isCuda()
                ? memoryOfGpu(target)
                : ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }

    /** DJL asks CUDA's runtime library, which need not be installed where libtorch brings its own. */
    private static long memoryOfGpu(ComputeTarget target) {
        try {
            return CudaUtils.getGpuMemory(Device.fromName(target.device().replace("cuda:", "gpu")))
                    .getMax();
        } catch (LinkageError | RuntimeException e) {
            return UNKNOWN_GPU_BYTES;
        }
    }

    /** AVX512-BF16 without matrix units multiplies no faster than fp32, and converts more. */
    private static Precision onProcessor() {
        return Processor.hasMatrixUnits() ? Precision.BF16 : Precision.FP32;
    }
}

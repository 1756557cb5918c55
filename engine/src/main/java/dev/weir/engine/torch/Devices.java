package dev.weir.engine.torch;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import com.sun.management.OperatingSystemMXBean;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.Natives;
import dev.weir.engine.backend.Feed;
import dev.weir.engine.torchscript.TorchScript;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/** Where networks run best on this machine. Any thread. */
public final class Devices {

    private static final String FIRST_GPU = "cuda:0";
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
        var name = device.orElseGet(() -> cudaProblem(FIRST_GPU).isEmpty() ? FIRST_GPU : "cpu");
        if (name.equals("cuda")) {
            name = FIRST_GPU;
        }
        if (!name.equals("cpu") && !name.matches("cuda:\\d{1,3}")) {
            throw new IllegalArgumentException("device must be cpu, cuda or cuda:N, not " + name);
        }
        if (!name.equals("cpu")) {
            var gpu = name;
            cudaProblem(gpu).ifPresent(why -> {
                throw new IllegalArgumentException("there is no device %s: %s".formatted(gpu, why));
            });
            return new ComputeTarget(name, precision.orElse(Precision.FP16));
        }
        precision.filter(asked -> !Processor.supports(asked)).ifPresent(asked -> {
            throw new IllegalArgumentException(Processor.refusal(asked));
        });
        return new ComputeTarget(name, precision.orElseGet(Devices::onProcessor));
    }

    /** Why libtorch does not load, in one line; empty where it does. */
    public static Optional<String> loadProblem() {
        try {
            Torch.engine();
            return Optional.empty();
        } catch (IllegalStateException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Why libtorch does not compute on a GPU, in one line; empty where it does. Computes a sum there. */
    private static Optional<String> cudaProblem(String device) {
        if (!Natives.haveCudaLibtorch()) {
            return Optional.of("this libtorch is not for CUDA; PYTORCH_LIBRARY_PATH names another one");
        }
        var archive = TorchScript.archive(
                """
                def sum(self, x: Tensor) -> Tensor:
                  return torch.to(torch.add(torch.to(x, torch.device("%s"), 6), 1), torch.device("cpu"), 6)
                """
                        .formatted(device));
        var one = Feed.floats(bytes -> bytes.putFloat(1), 1);
        try (var network = TorchNetwork.load(archive)) {
            return network.run("sum", List.of(one), ByteBuffer::getFloat) == 2
                    ? Optional.empty()
                    : Optional.of("it does not compute 1 + 1");
        } catch (RuntimeException e) {
            return Optional.of(reason(e));
        }
    }

    /** libtorch's errors have a trace of the script around the line that counts. */
    private static String reason(RuntimeException e) {
        return String.valueOf(e.getMessage())
                .lines()
                .filter(line -> line.startsWith("RuntimeError: "))
                .map(line -> line.substring("RuntimeError: ".length()))
                .findFirst()
                .orElseGet(
                        () -> String.valueOf(e.getMessage()).lines().findFirst().orElse("of no known reason"));
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

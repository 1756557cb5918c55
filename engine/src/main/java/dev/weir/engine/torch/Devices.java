package dev.weir.engine.torch;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** Where networks run best on this machine. Any thread. */
public final class Devices {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** Of a processor with bf16 matrix units. AVX512-BF16 alone multiplies no faster than fp32 does, and converts more. */
    private static final String BF16_MATRIX_UNITS = "amx_bf16";

    private Devices() {}

    /**
     * CUDA where there is some, in fp16, else the processor: in bf16 where it has matrix units for that, else in fp32.
     *
     * @param device {@code cpu}, {@code cuda} or {@code cuda:N}, to overrule the choice
     * @param precision to overrule the choice
     * @throws IllegalArgumentException where this machine has no such device
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
        var best = name.equals("cpu") ? best(processorFlags()) : Precision.FP16;
        return new ComputeTarget(name, precision.orElse(best));
    }

    /** The best precision of a processor with these features. */
    static Precision best(Set<String> flags) {
        return flags.contains(BF16_MATRIX_UNITS) ? Precision.BF16 : Precision.FP32;
    }

    private static Set<String> processorFlags() {
        if (!Files.isReadable(CPU_INFO)) {
            return Set.of();
        }
        try (var lines = Files.lines(CPU_INFO)) {
            return lines.filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line ->
                            Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
                    .orElse(Set.of());
        } catch (IOException e) {
            return Set.of();
        }
    }
}

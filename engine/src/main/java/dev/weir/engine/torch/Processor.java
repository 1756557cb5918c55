package dev.weir.engine.torch;

import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.torchscript.TorchScript;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What this machine's processor can do for a network. The limit that {@code ONEDNN_MAX_CPU_ISA} sets in the environment
 * counts: oneDNN keeps to it. Any thread.
 */
public final class Processor {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    /** oneDNN reads both names, the first one first. */
    private static final List<String> LIMITS = List.of("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA");

    /** What oneDNN and ONNX Runtime have kernels for, the widest first. */
    private static final Map<String, Set<String>> INSTRUCTION_SETS = instructionSets();

    /** Read once: the system takes milliseconds to tell them, and each status and checkpoint of a node names the set. */
    private static final Set<String> FLAGS = flags(CPU_INFO);

    private static final String INSTRUCTION_SET = instructionSet(FLAGS, System.getProperty("os.arch"));

    private static final boolean MATRIX_UNITS = hasMatrixUnits(FLAGS, limit(System.getenv()));

    private static final Map<Precision, String> NEEDS =
            Map.of(Precision.BF16, "AVX-512 or AVX-NE-CONVERT", Precision.FP16, "AVX512-FP16 or AVX-NE-CONVERT");

    private Processor() {}

    /** Whether it has matrix units for bf16 (AMX) that oneDNN may use; false where the system does not tell. */
    public static boolean hasMatrixUnits() {
        return MATRIX_UNITS;
    }

    /**
     * Whether oneDNN computes in a precision here. Where it does not, libtorch converts every number to fp32 and back,
     * which takes four times as long as fp32 itself, and oneDNN refuses to pack weights. Starts libtorch.
     */
    public static boolean supports(Precision precision) {
        return Supported.PRECISIONS.contains(precision);
    }

    /** Why oneDNN does not compute in a precision here, and what to use instead. */
    static String refusal(Precision precision) {
        var name = precision.name().toLowerCase(Locale.ROOT);
        return "oneDNN cannot compute in %s on this CPU (%s): that needs %s; use fp32 or auto"
                .formatted(name, describe(CPU_INFO, System.getenv()), NEEDS.get(precision));
    }

    /** The widest instruction set that engines have kernels for; the architecture where the system does not tell. */
    public static String instructionSet() {
        return INSTRUCTION_SET;
    }

    /** The same for libtorch, whose oneDNN may be limited to a narrower one, as {@code avx512-onednn-avx2}. */
    public static String limitedInstructionSet() {
        return limited(instructionSet(), limit(System.getenv()));
    }

    static String limited(String widest, Optional<String> limit) {
        return limit.map(Processor::instructionSetOf)
                .filter(set -> rank(set) > rank(widest))
                .map(set -> widest + "-onednn-" + set)
                .orElse(widest);
    }

    /** As {@link #INSTRUCTION_SETS} names what a limit allows; a limit that oneDNN does not know allows all. */
    private static String instructionSetOf(String limit) {
        var isa = isa(limit);
        if (includesAmx(limit)) {
            return "amx";
        }
        return isa.startsWith("avx512") || isa.startsWith("avx10") ? "avx512" : isa.startsWith("avx2") ? "avx2" : isa;
    }

    /** The lower, the wider. */
    private static int rank(String set) {
        var known = List.copyOf(INSTRUCTION_SETS.keySet()).indexOf(set);
        return known < 0 ? INSTRUCTION_SETS.size() : known;
    }

    static String instructionSet(Set<String> flags, String architecture) {
        return INSTRUCTION_SETS.entrySet().stream()
                .filter(set -> flags.containsAll(set.getValue()))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(architecture);
    }

    private static Map<String, Set<String>> instructionSets() {
        var sets = new LinkedHashMap<String, Set<String>>();
        sets.put("amx", Set.of("amx_bf16", "avx512f"));
        sets.put("avx512", Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl"));
        sets.put("avx2", Set.of("avx2", "fma"));
        return sets;
    }

    static boolean hasMatrixUnits(Set<String> flags, Optional<String> limit) {
        return flags.contains("amx_bf16") && limit.map(Processor::includesAmx).orElse(true);
    }

    /** As oneDNN reads it: in any case of letters; a name that it does not know is no limit. */
    private static boolean includesAmx(String limit) {
        var isa = isa(limit);
        return isa.contains("amx") || !isa.matches("(sse|avx).*");
    }

    private static String isa(String limit) {
        return limit.substring(limit.indexOf('=') + 1).toLowerCase(Locale.ROOT);
    }

    /** As {@code ONEDNN_MAX_CPU_ISA=AVX2}. */
    static Optional<String> limit(Map<String, String> environment) {
        return LIMITS.stream()
                .filter(name -> !environment.getOrDefault(name, "").isEmpty())
                .map(name -> name + "=" + environment.get(name))
                .findFirst();
    }

    /** The model, as the system names it. */
    public static String model() {
        return first(CPU_INFO, "model name").orElse("of an unknown model");
    }

    private static String describe(Path cpuInfo, Map<String, String> environment) {
        var model = first(cpuInfo, "model name").orElse("of an unknown model");
        return limit(environment).map(limit -> model + ", limited by " + limit).orElse(model);
    }

    /** The features that Linux lists for the first core. */
    static Set<String> flags(Path cpuInfo) {
        return first(cpuInfo, "flags").map(list -> Set.of(list.split("\\s+"))).orElse(Set.of());
    }

    /** What Linux says of the first core under a name. */
    private static Optional<String> first(Path cpuInfo, String name) {
        if (!Files.isReadable(cpuInfo)) {
            return Optional.empty();
        }
        try (Stream<String> lines = Files.lines(cpuInfo)) {
            return lines.filter(line -> line.startsWith(name))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static final class Supported {

        static final Set<Precision> PRECISIONS = ask();

        private static Set<Precision> ask() {
            var precisions = EnumSet.of(Precision.FP32);
            for (var precision : NEEDS.keySet()) {
                if (ask(precision)) {
                    precisions.add(precision);
                }
            }
            return precisions;
        }

        private static boolean ask(Precision precision) {
            var archive = TorchScript.archive(
                    """
                    def supports(self) -> Tensor:
                      return torch.to(torch.tensor(ops.mkldnn._is_mkldnn_%s_supported()), 6)
                    """
                            .formatted(precision.name().toLowerCase(Locale.ROOT)));
            try (var network = TorchNetwork.load(archive)) {
                return Objects.requireNonNull(network.run("supports", List.of(), ByteBuffer::getFloat)) == 1;
            }
        }
    }
}

package dev.weir.engine.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** What this machine's processor can do. Any thread. */
public final class Processor {

    private static final boolean MATRIX_UNITS = hasMatrixUnits(flags(Path.of("/proc/cpuinfo")));

    private Processor() {}

    /** Whether it has matrix units for bf16 (AMX); false where the system does not tell. */
    public static boolean hasMatrixUnits() {
        return MATRIX_UNITS;
    }

    static boolean hasMatrixUnits(Set<String> flags) {
        return flags.contains("amx_bf16");
    }

    /** The features that Linux lists for the first core. */
    static Set<String> flags(Path cpuInfo) {
        if (!Files.isReadable(cpuInfo)) {
            return Set.of();
        }
        try (var lines = Files.lines(cpuInfo)) {
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

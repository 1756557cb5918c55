package dev.weir.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this process as Linux reports it; -1 where it does not. */
final class ProcessMemory {

    private static final Path STATUS = Path.of("/proc/self/status");
    /** Writing 5 begins a new peak. */
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    private ProcessMemory() {}

    static void forgetPeak() {
        try {
            Files.writeString(CLEAR, "5");
        } catch (IOException e) {
            System.err.println("peak memory counts from the start of the process: " + e);
        }
    }

    /** The most that was resident since {@link #forgetPeak}, mapped files included. */
    static long peakMebibytes() {
        return mebibytes("VmHWM");
    }

    /** What is resident now and not a mapped file, which the system can drop and read again. */
    static long ownMebibytes() {
        return mebibytes("RssAnon");
    }

    private static long mebibytes(String field) {
        try (var lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElse(-1);
        } catch (IOException e) {
            return -1;
        }
    }
}

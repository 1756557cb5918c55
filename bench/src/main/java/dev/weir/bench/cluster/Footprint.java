package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory of all nodes together, directly after a full garbage collection in each.
 *
 * @param residentMb as the system counts it, with shared libraries once per process
 * @param heapMb of live objects
 */
public record Footprint(double residentMb, double heapMb) {

    private static final String JCMD =
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern USED = Pattern.compile("generation\\s+total \\d+K, used (\\d+)K");

    /** All nodes must be up and not frozen. */
    public static Footprint of(ProcessCluster cluster) {
        double residentKb = 0;
        double heapKb = 0;
        for (Member member : cluster.members()) {
            long pid = member.process().pid();
            ask(pid, "GC.run");
            heapKb += sum(USED, ask(pid, "GC.heap_info"));
            residentKb += sum(RESIDENT, status(pid));
        }
        return new Footprint(residentKb / 1024, heapKb / 1024);
    }

    private static String ask(long pid, String command) {
        Outcome outcome = WeirProcess.runCommand(Path.of("/"), Map.of(), List.of(JCMD, String.valueOf(pid), command));
        if (outcome.exitCode() != 0) {
            throw new IllegalStateException("jcmd %d %s: %s".formatted(pid, command, outcome.err()));
        }
        return outcome.out();
    }

    private static String status(long pid) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(pid), "status"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static double sum(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        double sum = 0;
        while (matcher.find()) {
            sum += Double.parseDouble(matcher.group(1));
        }
        return sum;
    }
}

package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The memory of all nodes, directly after a full garbage collection in each.
 *
 * @param residentMb of all together, as the system counts it, with shared libraries once per process
 * @param heapsMb of live objects, by node
 */
public record Footprint(double residentMb, Map<String, Double> heapsMb) {

    public Footprint {
        heapsMb = Collections.unmodifiableMap(new LinkedHashMap<>(heapsMb));
    }

    private static final String JCMD =
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    /** A full collection moves what lives to here. The other generation has only what was allocated since. */
    private static final Pattern LIVE = Pattern.compile("tenured generation\\s+total \\d+K, used (\\d+)K");

    /** All nodes must be up and not frozen. */
    public static Footprint of(ProcessCluster cluster) {
        double residentKb = 0;
        Map<String, Double> heapsMb = new LinkedHashMap<>();
        for (Member member : cluster.members()) {
            long pid = member.process().pid();
            ask(pid, "GC.run");
            heapsMb.put(member.toString(), sum(LIVE, ask(pid, "GC.heap_info")) / 1024);
            residentKb += sum(RESIDENT, status(pid));
        }
        return new Footprint(residentKb / 1024, heapsMb);
    }

    @Override
    public String toString() {
        return heapsMb.entrySet().stream()
                .map(heap -> "%s %.1f".formatted(heap.getKey(), heap.getValue()))
                .collect(Collectors.joining(", ", "%.0f MiB resident; heaps, MiB: ".formatted(residentMb), ""));
    }

    /** Of all nodes together. */
    public double heapMb() {
        return heapsMb.values().stream().mapToDouble(Double::doubleValue).sum();
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
        if (sum == 0) {
            throw new IllegalStateException("no " + pattern + " in: " + text);
        }
        return sum;
    }
}

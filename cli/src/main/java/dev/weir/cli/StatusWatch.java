package dev.weir.cli;

import dev.weir.client.ClusterStatus;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Prints the states of a cluster one after the other, and remembers nodes that left. On a terminal each replaces the one before. One
 * thread. Asks nobody and does not wait.
 */
final class StatusWatch {

    private static final String FROM_THE_TOP = "\u001b[H\u001b[2J";
    private static final long SHOWN_NANOS = Duration.ofMinutes(1).toNanos();

    private final PrintWriter out;
    private final boolean isTerminal;
    private final LongSupplier nanoTime;
    private final Map<String, Gone> nodes = new LinkedHashMap<>();

    /**
     * A node that is no longer there, as it was last.
     *
     * @param atNanos when it was missed first; the present while it is there
     */
    record Gone(String stage, ClusterStatus.Node node, long atNanos, boolean isHere) {

        String remark() {
            return node.draining() ? "drained and left" : "lost";
        }
    }

    StatusWatch(PrintWriter out, boolean isTerminal, LongSupplier nanoTime) {
        this.out = out;
        this.isTerminal = isTerminal;
        this.nanoTime = nanoTime;
    }

    void show(ClusterStatus cluster) {
        begin();
        StatusCommand.print(cluster, gone(cluster), out);
        end();
    }

    /** @param problem why there is no state */
    void show(String problem) {
        begin();
        out.println(problem);
        end();
    }

    private void begin() {
        if (isTerminal) {
            out.print(FROM_THE_TOP);
        }
    }

    /** An empty line separates the tables where they follow each other. */
    private void end() {
        if (!isTerminal) {
            out.println();
        }
        out.flush();
    }

    private List<Gone> gone(ClusterStatus cluster) {
        long now = nanoTime.getAsLong();
        nodes.replaceAll(
                (key, node) -> new Gone(node.stage(), node.node(), node.isHere() ? now : node.atNanos(), false));
        for (ClusterStatus.Stage stage : cluster.stages()) {
            stage.nodes()
                    .forEach(node ->
                            nodes.put(stage.stage() + " " + node.node(), new Gone(stage.stage(), node, now, true)));
        }
        nodes.values().removeIf(node -> !node.isHere() && now - node.atNanos() > SHOWN_NANOS);
        return nodes.values().stream().filter(node -> !node.isHere()).toList();
    }
}

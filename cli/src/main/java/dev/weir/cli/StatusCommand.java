package dev.weir.cli;

import dev.weir.client.ClusterStatus;
import dev.weir.client.WeirClient;
import dev.weir.client.WeirException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints a gateway's view of its cluster as a table, once or again and again. */
@Command(
        name = "status",
        header = "Show a cluster's stages, nodes, queues and batch sizes.%n",
        footerHeading = "%nColumns:%n",
        footer = {
            "  engine    the library that computes, and its instruction set",
            "  held      samples on the node, and how many it may hold",
            "  running   samples that are being worked on; the others that are held wait",
            "  batch     rows of the last forward pass",
            "  step      seconds of one forward pass, a running mean",
            "  backlog   seconds until all held samples are done",
            "  done      samples that the stage has finished since the node started, and failed"
        })
final class StatusCommand implements Callable<Integer> {

    /** A forward pass may take seconds. A longer stall needs attention. */
    private static final long STALLED_MS = 10_000;

    private static final String NO_STAGE =
            "No stage node has joined yet. Start some, such as: weir node text-encoder,denoiser,decoder --join HOST:PORT "
                    + "(the address after \"cluster\" in what the gateway printed)";

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientOptions client;

    @Option(names = "--json", description = "Print the gateway's answer unchanged.")
    private boolean json;

    @Option(
            names = "--watch",
            description =
                    "Print the table again and again, until Ctrl-C, which exits with 130. A terminal is redrawn; elsewhere the "
                            + "tables follow each other. Nodes that drained or were lost stay for a minute.")
    private boolean watch;

    @Option(
            names = "--interval",
            paramLabel = "SECONDS",
            defaultValue = "1",
            description = "The pause between two tables of --watch, from 0.2 to 3600. Default: ${DEFAULT-VALUE}.")
    private double interval;

    @Override
    public Integer call() throws InterruptedException {
        if (watch) {
            if (json) {
                throw new CliException(CliException.USAGE, "--watch and --json exclude each other");
            }
            if (!(interval >= 0.2 && interval <= 3600)) {
                throw new CliException(CliException.USAGE, "--interval must be from 0.2 to 3600 seconds");
            }
            watch(client.client());
            return 0;
        }
        ClusterStatus cluster = client.client().status();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(cluster.json());
            return 0;
        }
        print(cluster, out);
        return 0;
    }

    /** Until a signal ends the process, or nobody reads the output any more. */
    private void watch(WeirClient asked) throws InterruptedException {
        StatusWatch display =
                new StatusWatch(spec.commandLine().getOut(), Boolean.getBoolean("weir.terminal.out"), System::nanoTime);
        display.show(asked.status());
        while (!spec.commandLine().getOut().checkError()) {
            TimeUnit.MILLISECONDS.sleep(Math.round(interval * 1000));
            try {
                display.show(asked.status());
            } catch (WeirException e) {
                display.show(e.getMessage());
            }
        }
    }

    static void print(ClusterStatus cluster, PrintWriter out) {
        print(cluster, List.of(), out);
    }

    /** @param gone rows of nodes that left */
    static void print(ClusterStatus cluster, List<StatusWatch.Gone> gone, PrintWriter out) {
        ClusterStatus.Gateway gateway = cluster.gateway();
        out.printf(
                "gateway %s: %s of %s%n%n",
                gateway.node(), Quantity.of(gateway.images(), "unfinished image"), Quantity.of(gateway.jobs(), "job"));
        if (cluster.stages().stream().allMatch(stage -> stage.nodes().isEmpty())) {
            out.println(NO_STAGE);
            return;
        }
        Table table = new Table(
                "stage", "node", "device", "engine", "models", "held", "running", "batch", "step", "backlog", "done",
                "failed", "");
        for (ClusterStatus.Stage stage : cluster.stages()) {
            stage.nodes().forEach(node -> addRow(table, stage.stage(), node, remark(node)));
            gone.stream()
                    .filter(left -> left.stage().equals(stage.stage()))
                    .forEach(left -> addRow(table, stage.stage(), left.node(), left.remark()));
        }
        table.print(out);
    }

    private static void addRow(Table table, String stage, ClusterStatus.Node node, String remark) {
        table.row(
                stage,
                node.node(),
                (node.device() + " " + node.precision()).strip(),
                (node.engine() + " " + node.instructionSet()).strip(),
                models(node.models()),
                (node.capacity() - node.freeCredits()) + "/" + node.capacity(),
                node.running(),
                node.lastBatch(),
                seconds(node.stepSeconds()),
                seconds(node.backlogSeconds()),
                node.finished(),
                node.failed(),
                remark);
    }

    private static String models(List<ClusterStatus.Model> models) {
        Stream<String> shown = models.stream()
                .filter(m -> m.loaded() || m.problem() != null)
                .map(m -> m.id() + (m.problem() == null ? "" : " (out)"));
        long others =
                models.stream().filter(m -> !m.loaded() && m.problem() == null).count();
        return Stream.concat(shown, others == 0 ? Stream.of() : Stream.of(others + " not loaded"))
                .collect(Collectors.joining(", "));
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.3f", seconds);
    }

    private static String remark(ClusterStatus.Node node) {
        if (node.draining()) {
            return "draining";
        }
        long stalled = node.stalledMs();
        if (stalled > STALLED_MS) {
            return "no progress for " + stalled / 1000 + " s";
        }
        return node.models().stream()
                .filter(model -> model.problem() != null || model.otherWeights())
                .map(model -> model.id() + ": "
                        + (model.problem() != null
                                ? model.problem()
                                : "other weights than most nodes, gets no new work"))
                .collect(Collectors.joining("; "));
    }
}

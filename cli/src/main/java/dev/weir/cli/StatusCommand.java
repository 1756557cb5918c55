package dev.weir.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a gateway knows of its cluster, as a table. */
@Command(
        name = "status",
        header = "Show a cluster's stages, nodes, queues and batch sizes.%n",
        footerHeading = "%nColumns:%n",
        footer = {
            "  held      samples on the node, of as many as it may hold",
            "  batch     rows of the last forward",
            "  step      seconds of one forward, a running mean",
            "  backlog   seconds until what is held will be done"
        })
final class StatusCommand implements Callable<Integer> {

    /** A forward may take seconds; past this, someone should look. */
    private static final long STALLED_MS = 10_000;

    @Spec
    private CommandSpec spec;

    @Mixin
    private ClientOptions client;

    @Option(names = "--json", description = "Print the gateway's answer as it is.")
    private boolean json;

    @Override
    public Integer call() {
        JsonNode cluster = client.gateway().get("/v1/cluster");
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(cluster.toPrettyString());
            return 0;
        }
        JsonNode gateway = cluster.path("gateway");
        out.printf(
                "gateway %s: %d images of %d jobs in the making%n%n",
                gateway.path("node").asText(),
                gateway.path("images").asInt(),
                gateway.path("jobs").asInt());
        Table table = new Table(
                "stage", "node", "device", "models", "held", "running", "batch", "step", "backlog", "done", "failed",
                "");
        for (JsonNode stage : cluster.path("stages")) {
            for (JsonNode node : stage.path("nodes")) {
                addRow(table, stage.path("stage").asText(), node);
            }
        }
        table.print(out);
        return 0;
    }

    private static void addRow(Table table, String stage, JsonNode node) {
        int capacity = node.path("capacity").asInt();
        table.row(
                stage,
                node.path("node").asText(),
                (node.path("device").asText() + " " + node.path("precision").asText()).strip(),
                models(node.path("models")),
                (capacity - node.path("free_credits").asInt()) + "/" + capacity,
                node.path("running").asInt(),
                node.path("last_batch").asInt(),
                seconds(node.path("step_seconds")),
                seconds(node.path("backlog_seconds")),
                node.path("finished").asLong(),
                node.path("failed").asLong(),
                remark(node));
    }

    private static String models(JsonNode models) {
        return StreamSupport.stream(models.spliterator(), false)
                .map(m -> m.path("id").asText() + (m.has("problem") ? " (does not load)" : ""))
                .collect(Collectors.joining(", "));
    }

    private static String seconds(JsonNode seconds) {
        return String.format(Locale.ROOT, "%.3f", seconds.asDouble());
    }

    private static String remark(JsonNode node) {
        if (node.path("draining").asBoolean()) {
            return "draining";
        }
        long stalled = node.path("stalled_ms").asLong();
        return stalled > STALLED_MS ? "no progress for " + stalled / 1000 + " s" : "";
    }
}

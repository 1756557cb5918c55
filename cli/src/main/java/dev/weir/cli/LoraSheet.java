package dev.weir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.adapter.LoraReport;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;

/** What {@code weir models inspect} says of a LoRA file, for people or as JSON. */
record LoraSheet(LoraReport report) implements AddOnSheet {

    private static final String FORM = "a LoRA";

    /** Empty for anything else, and for a file that cannot be read. */
    static Optional<LoraSheet> of(Path path) {
        if (!Files.isRegularFile(path) || !path.toString().endsWith(".safetensors")) {
            return Optional.empty();
        }
        try {
            return LoraReport.of(path).map(LoraSheet::new);
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    @Override
    public boolean runs() {
        return report.problem().isEmpty();
    }

    @Override
    public void print(PrintWriter out) {
        out.printf("%s  %s with the names of %s%n%n", report.path(), FORM, String.join(", ", report.namings()));
        Table table = new Table("network", "layers", "kinds", "ranks");
        for (LoraReport.Network network : report.networks()) {
            table.row(
                    network.name(),
                    network.layers(),
                    String.join(", ", network.kinds()),
                    network.ranks().stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        table.print(out);
        out.printf(
                "%n%s%n",
                report.problem()
                        .map("does not run: "::concat)
                        .orElse(
                                "Give its folder as --lora-dir, and name it in requests. A node offers it for models that it fits."));
    }

    @Override
    public ObjectNode toJson() {
        ObjectNode all = JsonNodeFactory.instance
                .objectNode()
                .put("path", report.path().toString())
                .put("form", FORM)
                .put("runs", runs());
        report.problem().ifPresent(problem -> all.put("problem", problem));
        report.namings().forEach(all.putArray("namings")::add);
        ArrayNode networks = all.putArray("networks");
        for (LoraReport.Network network : report.networks()) {
            ObjectNode one = networks.addObject().put("name", network.name()).put("layers", network.layers());
            network.kinds().forEach(one.putArray("kinds")::add);
            network.ranks().forEach(one.putArray("ranks")::add);
        }
        return all;
    }
}

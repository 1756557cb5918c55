package dev.weir.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.AddOnReport;
import dev.weir.engine.ModelException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Collectors;

/** What {@code weir models inspect} says of a file or folder that requests name beside a model, or of a folder of such files. */
interface AddOnSheet {

    /** Whether some model can use it. */
    boolean runs();

    /** For people. */
    void print(PrintWriter out);

    ObjectNode toJson();

    /** Empty for anything else, and for what cannot be read. */
    static Optional<AddOnSheet> of(Path path) {
        return one(path).or(() -> AddOnFolderSheet.of(path));
    }

    /** Of one file or one diffusers folder. */
    static Optional<AddOnSheet> one(Path path) {
        Optional<AddOnSheet> lora = LoraSheet.of(path).map(AddOnSheet.class::cast);
        if (lora.isPresent()) {
            return lora;
        }
        try {
            return AddOnReport.of(path).map(Plain::new);
        } catch (ModelException e) {
            return Optional.empty();
        }
    }

    /** Of a ControlNet, T2I-Adapter, IP-Adapter, textual inversion or upscaler. */
    record Plain(AddOnReport report) implements AddOnSheet {

        @Override
        public boolean runs() {
            return report.problem().isEmpty();
        }

        @Override
        public void print(PrintWriter out) {
            out.printf("%s  %s for %s%n%n", report.path(), report.form(), report.models());
            out.printf(
                    "%s parameters, %s, %s%n%n",
                    Quantity.count(report.parameters()),
                    Quantity.bytes(report.bytes()),
                    report.types().stream().map(Enum::name).collect(Collectors.joining(", ")));
            out.println(report.problem().map("does not run: "::concat).orElse(report.advice()));
        }

        @Override
        public ObjectNode toJson() {
            ObjectNode all = JsonNodeFactory.instance
                    .objectNode()
                    .put("path", report.path().toString())
                    .put("form", report.form())
                    .put("runs", runs())
                    .put("models", report.models())
                    .put("parameters", report.parameters())
                    .put("bytes", report.bytes());
            report.types().forEach(type -> all.withArray("types").add(type.name()));
            report.problem().ifPresent(problem -> all.put("problem", problem));
            return all;
        }
    }
}

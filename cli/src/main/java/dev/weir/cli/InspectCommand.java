package dev.weir.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** One model in full: its parts, and what {@link ModelSheet} says. Or a file beside models, with what {@link AddOnSheet} says. */
@Command(
        name = "inspect",
        header = "Show a model's parts, workflows, inputs and memory, and why it does not run if it does not.%n",
        description = {
            "Of a LoRA file: its format, the networks that it changes, and its ranks. Of a ControlNet, T2I-Adapter, IP-Adapter or "
                    + "textual inversion: the models that it is for. Of a folder of such files: the same of each. Reads "
                    + "configurations and the headers of the weights. The exit code is 1 if it, or one of the files, does not run.",
            ""
        })
final class InspectCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL",
            description =
                    "A diffusers folder, a safetensors file with a whole model or what goes beside one, or the name of one in models/.")
    private String model;

    @Option(names = "--json", description = "Print the same as JSON.")
    private boolean json;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Path path = ModelOptions.folder(model);
        Optional<AddOnSheet> addOn = AddOnSheet.of(path);
        if (addOn.isPresent()) {
            print(addOn.get(), out);
            return addOn.get().runs() ? 0 : CliException.FAILED;
        }
        ModelReport report = ModelReport.inspect(path);
        Optional<ModelFolder> folder = report.runs() ? Optional.of(ModelFolder.open(report.path())) : Optional.empty();
        if (json) {
            out.println(toJson(report, folder).toPrettyString());
        } else {
            print(report, folder, out);
        }
        return report.runs() ? 0 : CliException.FAILED;
    }

    private void print(AddOnSheet addOn, PrintWriter out) {
        if (json) {
            out.println(addOn.toJson().toPrettyString());
        } else {
            addOn.print(out);
        }
    }

    private static void print(ModelReport report, Optional<ModelFolder> folder, PrintWriter out) {
        out.println(report.problem().orElse(report.path() + "  " + report.pipeline()));
        if (report.components().isEmpty()) {
            return;
        }
        out.println(report.form());
        out.println();
        Table table = new Table("component", "class", "parameters", "size", "types", "problem");
        for (ModelReport.Component component : report.components()) {
            table.row(
                    component.name(),
                    component.className(),
                    component.parameters() == 0 ? "" : Quantity.count(component.parameters()),
                    component.bytes() == 0 ? "" : Quantity.bytes(component.bytes()),
                    String.join(", ", types(component)),
                    component.problem().orElse(component.used() ? "" : "(not used)"));
        }
        table.print(out);
        out.println();
        if (folder.isEmpty()) {
            out.println("does not run, for the problems above");
            return;
        }
        ModelSheet.of(folder.get()).print(out);
        ComputeTarget target = target(folder.get());
        out.printf("%nengine: %s, %s (%s)%n", target.engine(), target.instructionSet(), target.reason());
    }

    private static ObjectNode toJson(ModelReport report, Optional<ModelFolder> folder) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        all.put("path", report.path().toString())
                .put("form", report.form())
                .put("pipeline", report.pipeline())
                .put("runs", report.runs());
        report.problem().ifPresent(problem -> all.put("problem", problem));
        ArrayNode components = all.putArray("components");
        for (ModelReport.Component component : report.components()) {
            ObjectNode one = components
                    .addObject()
                    .put("name", component.name())
                    .put("class", component.className())
                    .put("used", component.used())
                    .put("parameters", component.parameters())
                    .put("bytes", component.bytes());
            types(component).forEach(one.putArray("types")::add);
            component.problem().ifPresent(problem -> one.put("problem", problem));
        }
        folder.ifPresent(opened -> {
            ModelSheet.of(opened).addTo(all);
            ComputeTarget target = target(opened);
            all.putObject("engine")
                    .put("name", target.engine().toString())
                    .put("instruction_set", target.instructionSet())
                    .put("reason", target.reason());
        });
        return all;
    }

    private static List<String> types(ModelReport.Component component) {
        return component.types().stream().map(Enum::name).toList();
    }

    private static ComputeTarget target(ModelFolder folder) {
        return EngineChoice.AUTO.known(List.of(folder));
    }
}

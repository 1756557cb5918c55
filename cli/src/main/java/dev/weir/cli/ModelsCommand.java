package dev.weir.cli;

import dev.weir.client.ServedModel;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.ModelReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which models there are, and what runs. */
@Command(
        name = "models",
        header = "List models and whether they run.%n",
        subcommands = InspectCommand.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir models                              the models in the models folder",
            "  weir models ~/models                     the models in another folder",
            "  weir models --url http://host:8080       the models that a gateway serves",
            "  weir models inspect ~/models/sd-1.5      one model in full"
        })
final class ModelsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            arity = "0..1",
            description = "A folder of models and of single files. Default: Weir's own.")
    private Path folder;

    @Option(names = "--url", paramLabel = "URL", split = ",", description = "Ask the gateway there.")
    private List<String> urls = List.of();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (!urls.isEmpty()) {
            printServed(out, ClientOptions.client(urls).models());
        } else {
            printFolders(out, folder == null ? ModelOptions.modelsFolder() : folder);
        }
        return 0;
    }

    private static void printServed(PrintWriter out, List<ServedModel> models) {
        Table table = new Table("model", "size", "sizes", "steps", "guidance", "sampler", "ready");
        for (ServedModel model : models) {
            table.row(
                    model.id(),
                    model.nativeSize(),
                    sizes(model),
                    model.defaultSteps(),
                    model.defaultGuidanceScale(),
                    model.defaultSampler(),
                    model.ready() ? "yes" : "no");
        }
        table.print(out);
    }

    private static String sizes(ServedModel model) {
        if (model.sizes().isEmpty()) {
            return model.minSize() + ".." + model.maxSize();
        }
        return model.sizes().stream()
                .map(sizes -> sizes.min() + ".." + sizes.max() + (sizes.upsampled() ? " upsampled" : ""))
                .collect(Collectors.joining(", "));
    }

    private static void printFolders(PrintWriter out, Path folder) {
        Table table = new Table("model", "pipeline", "size", "parameters", "runs");
        for (Path model : ModelFolders.list(folder)) {
            ModelReport report = ModelReport.inspect(model);
            long parameters = report.components().stream()
                    .mapToLong(ModelReport.Component::parameters)
                    .sum();
            table.row(
                    model.getFileName(),
                    report.pipeline(),
                    report.runs() ? ModelFolder.open(model).card().nativeSize() : "",
                    Quantity.count(parameters),
                    report.runs() ? "yes" : "no: weir models inspect " + model);
        }
        table.print(out);
    }
}

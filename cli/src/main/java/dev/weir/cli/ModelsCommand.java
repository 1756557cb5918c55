package dev.weir.cli;

import dev.weir.client.ClusterStatus;
import dev.weir.client.ServedModel;
import dev.weir.client.WeirClient;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.ModelReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which models there are, and what runs. */
@Command(
        name = "models",
        header = "List models and whether they run.%n",
        subcommands = {InspectCommand.class, ConvertCommand.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir models                              the models in the models folder",
            "  weir models ~/models                     the models in another folder",
            "  weir models --url http://host:8080       the models that a gateway serves",
            "  weir models inspect ~/models/sd-1.5      one model in full",
            "  weir models convert old.ckpt new-folder  pickled weights as safetensors"
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

    @Mixin
    private AccessOptions access;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        if (!urls.isEmpty()) {
            WeirClient client = access.client(urls);
            printServed(out, client.models(), client.status());
        } else {
            printFolders(out, folder == null ? ModelOptions.modelsFolder() : folder);
        }
        return 0;
    }

    private static void printServed(PrintWriter out, List<ServedModel> models, ClusterStatus cluster) {
        Table table = new Table("model", "size", "sizes", "steps", "guidance", "sampler", "ready", "loaded on");
        for (ServedModel model : models) {
            table.row(
                    model.id(),
                    model.nativeSize(),
                    sizes(model),
                    model.defaultSteps(),
                    model.defaultGuidanceScale(),
                    model.defaultSampler(),
                    model.ready() ? "yes" : "no",
                    loadedOn(model.id(), cluster));
        }
        table.print(out);
        problems(cluster).forEach((model, problem) -> out.println(model + ": " + problem));
    }

    /** Nodes, each with the stages that have the model in memory. */
    private static String loadedOn(String model, ClusterStatus cluster) {
        Map<String, List<String>> stages = new TreeMap<>();
        for (ClusterStatus.Stage stage : cluster.stages()) {
            stage.nodes().stream()
                    .filter(node ->
                            node.models().stream().anyMatch(known -> known.id().equals(model) && known.loaded()))
                    .forEach(node -> stages.computeIfAbsent(node.node(), name -> new ArrayList<>())
                            .add(stage.stage()));
        }
        return stages.entrySet().stream()
                .map(node -> node.getKey() + " (" + String.join(", ", node.getValue()) + ")")
                .collect(Collectors.joining(", "));
    }

    /** Why nodes cannot use models, each sentence once. */
    private static Map<String, String> problems(ClusterStatus cluster) {
        Map<String, String> problems = new TreeMap<>();
        cluster.stages().stream()
                .flatMap(stage -> stage.nodes().stream())
                .flatMap(node -> node.models().stream())
                .filter(model -> model.problem() != null)
                .forEach(model -> problems.putIfAbsent(model.id(), model.problem()));
        return problems;
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

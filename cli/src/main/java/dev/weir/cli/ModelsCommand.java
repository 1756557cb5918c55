package dev.weir.cli;

import dev.weir.client.ServedModel;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.ModelReport;
import dev.weir.engine.pipeline.Field;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Which models there are, and what runs. */
@Command(
        name = "models",
        header = "List models and whether they run.%n",
        subcommands = ModelsCommand.Inspect.class,
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

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "A folder of models. Default: Weir's own.")
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

    /** One model in full. */
    @Command(
            name = "inspect",
            header = "Show a model's components, and why it does not run if it does not.%n",
            description = {
                "Reads configurations and the headers of the weights. The exit code is 1 if the model does not run.",
                ""
            })
    static final class Inspect implements Callable<Integer> {

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "DIR", description = "A diffusers folder, or the name of one in models/.")
        private String model;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            ModelReport report = ModelReport.inspect(ModelOptions.folder(model));
            out.println(report.problem().orElse(report.folder() + "  " + report.pipeline()));
            if (report.components().isEmpty()) {
                return CliException.FAILED;
            }
            out.println();
            Table table = new Table("component", "class", "parameters", "size", "types", "problem");
            for (ModelReport.Component component : report.components()) {
                table.row(
                        component.name(),
                        component.className(),
                        component.parameters() == 0 ? "" : Quantity.count(component.parameters()),
                        component.bytes() == 0 ? "" : Quantity.bytes(component.bytes()),
                        String.join(
                                ", ", component.types().stream().map(Enum::name).toList()),
                        component.problem().orElse(component.used() ? "" : "(not used)"));
            }
            table.print(out);
            out.println();
            if (report.runs()) {
                var folder = ModelFolder.open(report.folder());
                var card = folder.card();
                List<Field> fields = fields(folder);
                out.printf(
                        "runs: %1$dx%1$d pixels by default, %2$d steps of %3$s%4$s%n",
                        card.nativeSize(),
                        card.defaults().steps(),
                        card.defaults().sampler(),
                        fields.stream().anyMatch(field -> field.name().equals("guidance_scale"))
                                ? ", guidance " + card.defaults().guidanceScale()
                                : "");
                out.println("takes: " + inWords(fields));
                var target = EngineChoice.AUTO.known(List.of(folder));
                out.printf("engine: %s, %s (%s)%n", target.engine(), target.instructionSet(), target.reason());
            } else {
                out.println("does not run, for the problems above");
            }
            return report.runs() ? 0 : CliException.FAILED;
        }

        /** What the requests of any workflow may have. */
        private static List<Field> fields(ModelFolder folder) {
            return folder.pipeline().workflows().stream()
                    .flatMap(workflow -> workflow.fields().stream())
                    .distinct()
                    .toList();
        }

        private static String inWords(List<Field> fields) {
            return fields.isEmpty()
                    ? "nothing but a seed"
                    : fields.stream().map(Inspect::inWords).collect(Collectors.joining(", "));
        }

        private static String inWords(Field field) {
            String bounds =
                    field.max() > field.min() ? "%s to %s".formatted(plain(field.min()), plain(field.max())) : "";
            String said = Stream.of(bounds, field.needed() ? "required" : "")
                    .filter(part -> !part.isEmpty())
                    .collect(Collectors.joining(", "));
            return said.isEmpty() ? field.name() : "%s (%s)".formatted(field.name(), said);
        }

        private static String plain(double number) {
            return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
        }
    }
}

package dev.weir.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The root of the command line, with the options of every command. By itself it only shows help. */
@Command(
        name = "weir",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = WeirCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        abbreviateSynopsis = true,
        header = "Weir turns a prompt into an image, on one machine or on many.%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir generate \"a red apple\" --seed 7        one image, made here, in ./a-red-apple.png",
            "  weir up                                     a server with every stage, on http://127.0.0.1:8080",
            "  weir generate \"a cat\" --url http://host:8080 the same, made by a server",
            "  weir node denoiser --join host:5701         one more denoiser for a running cluster",
            "",
            "Every flag is also an environment variable (--port is WEIR_PORT) and a key of ./weir.yaml (port: 8080).",
            "A flag wins over the environment, the environment over weir.yaml, and that over the default.",
            "",
            "Exit codes: 0 done, 1 it failed, 2 the command line or weir.yaml is wrong, 3 no gateway answers."
        })
final class WeirCommand implements Runnable {

    private static final String HELP = "help";
    private static final String COMPLETION = "completion";
    /** By their names, in the order of the help. */
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("generate", GenerateCommand.class);
        COMMANDS.put("up", UpCommand.class);
        COMMANDS.put("node", NodeCommand.class);
        COMMANDS.put("status", StatusCommand.class);
        COMMANDS.put("models", ModelsCommand.class);
        COMMANDS.put("bench", BenchCommand.class);
        COMMANDS.put(COMPLETION, CompletionCommand.class);
        COMMANDS.put("upscale", UpscaleCommand.class);
        COMMANDS.put("keys", KeysCommand.class);
        COMMANDS.put(HELP, HelpCommand.class);
        COMMANDS.put("version", VersionCommand.class);
    }

    /** Commands that tell about the others. */
    private static final Set<String> ABOUT_OTHERS = Set.of(HELP, COMPLETION);

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log what happens, to stderr; twice (-vv) for what libraries say too.")
    private boolean[] verbose = {};

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            scope = ScopeType.INHERIT,
            description = "text, or json for one JSON object a line. Default: text.")
    private Logs.Format logFormat = Logs.Format.TEXT;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Settings file. Default: weir.yaml of the current folder, where there is one.")
    private Path config;

    /**
     * The command line with the command that its first word names, because to read the options of all takes a large part of the time
     * until a command starts. With all commands where it names none, and where the command is about the others.
     *
     * @param all whether something else needs all commands
     */
    static CommandLine of(String[] args, boolean all) {
        CommandLine command = new CommandLine(new WeirCommand());
        String first = args.length > 0 ? args[0] : "";
        boolean one = !all && COMMANDS.containsKey(first) && !ABOUT_OTHERS.contains(first);
        COMMANDS.forEach((name, type) -> {
            if (!one || name.equals(first)) {
                command.addSubcommand(name, type);
            }
        });
        return command;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    boolean isVerbose() {
        return verbose.length > 0;
    }

    static void applyToAll(CommandLine command, Consumer<CommandLine> action) {
        action.accept(command);
        command.getSubcommands().values().forEach(sub -> applyToAll(sub, action));
    }

    /** The version that the build wrote. */
    static final class Version implements CommandLine.IVersionProvider {

        @Override
        public String[] getVersion() throws IOException {
            Properties properties = new Properties();
            try (InputStream in = WeirCommand.class.getResourceAsStream("/weir-version.properties")) {
                properties.load(in);
            }
            return new String[] {
                "weir " + properties.getProperty("version"),
                "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
            };
        }
    }
}

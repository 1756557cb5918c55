package dev.weir.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Properties;
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
        subcommands = {
            GenerateCommand.class,
            UpCommand.class,
            NodeCommand.class,
            StatusCommand.class,
            ModelsCommand.class,
            BenchCommand.class,
            CompletionCommand.class,
            KeysCommand.class,
            HelpCommand.class,
            VersionCommand.class
        },
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

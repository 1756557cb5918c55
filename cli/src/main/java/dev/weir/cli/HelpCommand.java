package dev.weir.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The same as {@code --help}, for those who write it as a command. */
@Command(name = "help", header = "Show what a command does.%n")
final class HelpCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "COMMAND", description = "As generate, or models inspect. Default: all commands.")
    private List<String> path = List.of();

    @Override
    public void run() {
        CommandLine command = spec.root().commandLine();
        for (String name : path) {
            CommandLine next = command.getSubcommands().get(name);
            if (next == null) {
                throw new CliException(CliException.USAGE, UsageError.noCommand(command, name));
            }
            command = next;
        }
        command.usage(spec.commandLine().getOut());
    }
}

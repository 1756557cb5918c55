package dev.weir.cli;

import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The commands and options of a command line in the language of fish, which picocli does not write. A subcommand of a subcommand, as
 * {@code models inspect}, is completed after its first word. Values are completed only where they are few; files are fish's default.
 */
final class FishCompletion {

    private final String program;
    private final StringBuilder script = new StringBuilder();

    private FishCompletion(String program) {
        this.program = program;
    }

    static String of(CommandLine root) {
        FishCompletion completion = new FishCompletion(root.getCommandName());
        completion.add(root, "__fish_use_subcommand");
        return completion.script.toString();
    }

    private void add(CommandLine command, String condition) {
        options(command.getCommandSpec(), condition);
        command.getSubcommands().forEach((name, sub) -> {
            line(
                    condition,
                    "-f -a " + name,
                    firstLine(sub.getCommandSpec().usageMessage().header()));
            add(sub, "__fish_seen_subcommand_from " + name);
        });
    }

    private void options(CommandSpec command, String condition) {
        for (OptionSpec option : command.options()) {
            if (option.hidden()) {
                continue;
            }
            StringBuilder arguments = new StringBuilder();
            for (String name : option.names()) {
                arguments
                        .append(name.startsWith("--") ? "-l " : "-s ")
                        .append(name.replaceFirst("^--?", ""))
                        .append(' ');
            }
            line(condition, arguments + values(option), firstLine(option.description()));
        }
    }

    private static String values(ArgSpec option) {
        if (option.arity().max() == 0) {
            return "";
        }
        Object[] constants = option.auxiliaryTypes()[0].getEnumConstants();
        return constants == null
                ? "-r"
                : "-x -a "
                        + quoted(Stream.of(constants)
                                .map(constant -> constant.toString().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(" ")));
    }

    private void line(String condition, String arguments, String description) {
        script.append("complete -c %s -n %s %s -d %s\n"
                .formatted(program, quoted(condition), arguments.strip(), quoted(description)));
    }

    private static String firstLine(String[] text) {
        return text.length == 0
                ? ""
                : text[0].replace("%n", "\n")
                        .replace("%%", "%")
                        .lines()
                        .findFirst()
                        .orElse("");
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}

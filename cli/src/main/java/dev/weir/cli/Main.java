package dev.weir.cli;

import dev.weir.runtime.Role;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Map;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The {@code weir} command: parses, runs one subcommand on the main thread, and prints a failure as one line. */
public final class Main {

    private Main() {}

    public static void main(String[] args) {
        StandardOutput out = new StandardOutput();
        PrintWriter err = new PrintWriter(System.err, true);
        int exitCode = run(System.getenv(), Path.of(""), out.writer(), err, args);
        out.problem().ifPresent(err::println);
        endHttpClients();
        System.exit(exitCode == 0 && out.failed() ? CliException.FAILED : exitCode);
    }

    /**
     * The JVM's exit waits 0.3 s for threads that wait in native code. Java 17 cannot close its HTTP client, but the client's thread ends
     * when it is interrupted. No request may be under way. Where a JVM names the thread otherwise, the exit takes 0.3 s longer.
     */
    private static void endHttpClients() {
        Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("HttpClient-\\d+-SelectorManager"))
                .forEach(Thread::interrupt);
    }

    static int run(
            Map<String, String> environment, Path workingDirectory, PrintWriter out, PrintWriter err, String... args) {
        CommandLine command;
        Settings settings;
        try {
            TextEncoding.refuseUndecoded(args, environment);
            settings = Settings.load(args, environment, workingDirectory);
            command = WeirCommand.of(args, settings.hasKeys());
            settings.refuseUnknownKeys(command);
        } catch (CliException e) {
            err.println("weir: " + e.getMessage());
            return CliException.exitCodeOf(e);
        }
        WeirCommand.applyToAll(command, c -> c.setDefaultValueProvider(settings));
        command.registerConverter(Role.class, UsageError.converter(Role::of));
        command.registerConverter(BigInteger.class, UsageError.converter(UsageError::whole));
        command.registerConverter(Path.class, UsageError.converter(Path::of));
        command.setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(columns(environment))
                .setExecutionStrategy(parsed -> {
                    Logs.configure(parsed);
                    settings.print(parsed);
                    return new CommandLine.RunLast().execute(parsed);
                })
                .setParameterExceptionHandler((e, given) -> refuse(e, settings))
                .setExecutionExceptionHandler((e, failed, parsed) -> fail(e, failed, parsed, settings));
        return command.execute(args);
    }

    private static int refuse(ParameterException e, Settings settings) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("weir: " + UsageError.describe(e, settings.originOf(e.getArgSpec(), e.getValue())));
        return CliException.USAGE;
    }

    private static int fail(Exception e, CommandLine command, CommandLine.ParseResult parsed, Settings settings) {
        Throwable cause = CliException.rootOf(e);
        int exitCode = CliException.exitCodeOf(cause);
        String problem = CliException.describe(cause);
        String message = exitCode == CliException.USAGE ? settings.withOrigins(problem, parsed) : problem;
        Throwable trace = Logs.isVerbose(parsed) ? cause : null;
        if (Logs.isJson(parsed)) {
            LoggerFactory.getLogger(Main.class).error(message, trace);
        } else {
            command.getErr().println("weir: " + message);
            if (trace != null) {
                trace.printStackTrace(command.getErr());
            }
        }
        return exitCode;
    }

    private static int columns(Map<String, String> environment) {
        String columns = environment.getOrDefault("COLUMNS", "");
        return columns.matches("[0-9]{1,4}") ? Math.max(80, Integer.parseInt(columns)) : 100;
    }
}

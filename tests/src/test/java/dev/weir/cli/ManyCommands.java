package dev.weir.cli;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Commands in one process, one after the other: for what needs no process of its own, of which each start takes a second. */
public final class ManyCommands {

    private static final ObjectMapper JSON = new ObjectMapper();

    private ManyCommands() {}

    /** Runs them in a folder. What was printed is in the order of the commands. */
    public static List<Outcome> run(Path folder, Map<String, String> environment, List<List<String>> commands) {
        try {
            Path told = Files.createTempFile("commands", ".json");
            try {
                JSON.writeValue(told.toFile(), commands);
                try (WeirProcess all = WeirProcess.start(
                        Jvm.WEIR.running(ManyCommands.class), folder, environment, List.of(told.toString()))) {
                    Outcome end = all.awaitExit();
                    if (end.exitCode() != 0) {
                        throw new AssertionError(end.err());
                    }
                    return JSON.readValue(told.toFile(), new TypeReference<>() {});
                }
            } finally {
                Files.delete(told);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** @param arguments a file with commands, which their outcomes replace */
    public static void main(String[] arguments) throws IOException {
        File file = new File(arguments[0]);
        List<List<String>> commands = JSON.readValue(file, new TypeReference<>() {});
        List<Outcome> outcomes = new ArrayList<>();
        for (List<String> command : commands) {
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int exitCode = Main.run(
                    System.getenv(),
                    Path.of(""),
                    new PrintWriter(out, true),
                    new PrintWriter(err, true),
                    command.toArray(String[]::new));
            outcomes.add(new Outcome(exitCode, out.toString(), err.toString()));
        }
        JSON.writeValue(file, outcomes);
        System.exit(0);
    }
}

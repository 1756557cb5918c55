package dev.weir.tests;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The weir command in a JVM of its own. None outlives the tests' JVM, whatever ends that. */
final class WeirProcess implements AutoCloseable {

    private static final Duration READY_TIMEOUT = Duration.ofSeconds(120);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(60);
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final String name;
    private final Process process;
    private final List<String> out = new CopyOnWriteArrayList<>();
    private final List<String> err = new CopyOnWriteArrayList<>();
    private final List<Thread> readers;

    private WeirProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.readers = List.of(read(process.getInputStream(), out), read(process.getErrorStream(), err));
    }

    /** What a command printed, and how it ended. */
    record Outcome(int exitCode, String out, String err) {}

    static WeirProcess start(Path directory, Map<String, String> environment, List<String> arguments) {
        return start(List.of(), directory, environment, arguments);
    }

    /** @param wrapper a command that runs the one that follows it, as {@code unshare} does */
    static WeirProcess start(
            List<String> wrapper, Path directory, Map<String, String> environment, List<String> arguments) {
        List<String> command = new ArrayList<>(wrapper);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dai.djl.offline=true",
                "-Dvertx.disableDnsResolver=true",
                "-Dweir.home=" + Repository.ROOT,
                "-cp",
                System.getProperty("java.class.path"),
                "dev.weir.cli.Main"));
        command.addAll(arguments);
        return launch(String.join(" ", arguments), directory, environment, command);
    }

    private static WeirProcess launch(
            String name, Path directory, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().keySet().removeIf(key -> key.startsWith("WEIR_"));
        builder.environment().put("OPT_OUT_TRACKING", "true");
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            RUNNING.add(process);
            process.onExit().thenAccept(RUNNING::remove);
            return new WeirProcess(name, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static WeirProcess start(List<String> arguments) {
        return start(Repository.TARGET, Map.of(), arguments);
    }

    /** Runs a command to its end. */
    static Outcome run(Path directory, Map<String, String> environment, List<String> arguments) {
        try (WeirProcess weir = start(directory, environment, arguments)) {
            return weir.awaitExit();
        }
    }

    /** Runs any other command to its end. */
    static Outcome runCommand(Path directory, Map<String, String> environment, List<String> command) {
        try (WeirProcess process = launch(String.join(" ", command), directory, environment, command)) {
            return process.awaitExit();
        }
    }

    /** The address that the process says it is ready at. */
    String awaitReady() {
        Awaitility.await(name + " to be ready")
                .atMost(READY_TIMEOUT)
                .until(() -> out.stream().anyMatch(line -> line.startsWith("ready ")) || !process.isAlive());
        return out.stream()
                .filter(line -> line.startsWith("ready "))
                .findFirst()
                .map(line -> line.substring("ready ".length()))
                .orElseThrow(() -> new AssertionError(name + " ended before it was ready:\n" + transcript()));
    }

    Outcome awaitExit() {
        try {
            if (!process.waitFor(EXIT_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(name + " did not end:\n" + transcript());
            }
            for (Thread reader : readers) {
                reader.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + name, e);
        }
        return new Outcome(process.exitValue(), String.join("\n", out), String.join("\n", err));
    }

    /** Asks it to end, as an orchestrator does. */
    void terminate() {
        process.destroy();
    }

    /** As a power cut does. */
    void kill() {
        process.destroyForcibly();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String transcript() {
        return String.join("\n", out) + "\n" + String.join("\n", err);
    }

    private static Thread read(InputStream stream, List<String> lines) {
        Thread reader = new Thread(() -> {
            try (var text = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                text.lines().forEach(lines::add);
            } catch (IOException | UncheckedIOException e) {
                lines.add("(the stream broke off: " + e.getMessage() + ")");
            }
        });
        reader.setDaemon(true);
        reader.start();
        return reader;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}

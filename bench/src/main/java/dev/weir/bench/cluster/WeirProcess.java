package dev.weir.bench.cluster;

import dev.weir.cli.Main;
import dev.weir.engine.Natives;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Weir command in a separate JVM, on this JVM's class path. It ends with this JVM, however that ends. Any thread.
 *
 * <p>Every unexpected event, such as a process that ends before it is ready, is an AssertionError with the process's
 * output.
 */
public final class WeirProcess implements AutoCloseable {

    /** Names a class archive of the weir command, as a process makes it that ends with it. With it, others start faster. */
    public static final String ARCHIVE_PROPERTY = "weir.archive";

    private static final String MAIN = Main.class.getName();
    private static final Duration READY_TIMEOUT = Duration.ofSeconds(120);
    private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(180);
    private static final long LOOK_MS = 100;
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> RUNNING.forEach(Process::destroyForcibly)));
    }

    private final String name;
    private final Process process;
    private final Transcript out;
    private final Transcript err;

    private WeirProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.out = new Transcript(process.getInputStream());
        this.err = new Transcript(process.getErrorStream());
    }

    /**
     * Whether the classes of the weir command are in a jar of this JVM's class path. They are in a folder before they are packaged, and
     * Maven's JVM, which looks for tests, has another class path.
     */
    public static boolean isPackaged() {
        String place =
                Main.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        return place.endsWith(".jar")
                && List.of(System.getProperty("java.class.path").split(File.pathSeparator))
                        .contains(place);
    }

    /** The output of a command, and its exit code. */
    public record Outcome(int exitCode, String out, String err) {}

    /**
     * How a JVM is started.
     *
     * @param wrapper a command prefix that runs the following command, such as {@code ip netns exec}
     * @param flags of the JVM
     * @param mainClass of this JVM's class path
     */
    public record Jvm(List<String> wrapper, List<String> flags, String mainClass) {

        /** Starts sooner, and never becomes as fast as with both. */
        private static final String FIRST_COMPILER_ONLY = "-XX:TieredStopAtLevel=1";

        /** The weir command. */
        public static final Jvm WEIR = new Jvm(List.of(), List.of("-Xmx512m", FIRST_COMPILER_ONLY), MAIN);

        public Jvm within(List<String> newWrapper) {
            return new Jvm(newWrapper, flags, mainClass);
        }

        /** @param heap in the JVM's format, {@code 192m} */
        public Jvm withHeap(String heap) {
            return withFlags(flag -> !flag.startsWith("-Xmx"), "-Xmx" + heap);
        }

        public Jvm withFlag(String flag) {
            return withFlags(any -> true, flag);
        }

        public Jvm withBothCompilers() {
            return withFlags(flag -> !flag.equals(FIRST_COMPILER_ONLY));
        }

        private Jvm withFlags(Predicate<String> kept, String... more) {
            return new Jvm(
                    wrapper,
                    Stream.concat(flags.stream().filter(kept), Stream.of(more)).toList(),
                    mainClass);
        }

        public Jvm running(Class<?> main) {
            return new Jvm(wrapper, flags, main.getName());
        }

        private List<String> command(List<String> arguments) {
            List<String> command = new ArrayList<>(wrapper);
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            // Set by the weir command, which keeps the native libraries in a folder and not in the class path.
            Optional.ofNullable(System.getProperty(Natives.FOLDER_PROPERTY))
                    .ifPresent(folder -> command.add("-D" + Natives.FOLDER_PROPERTY + "=" + folder));
            command.addAll(flags);
            Optional<String> archive = Optional.ofNullable(System.getProperty(ARCHIVE_PROPERTY))
                    .filter(file -> mainClass.equals(MAIN) && !file.isEmpty());
            // A JVM that cannot use an archive ignores it, with a warning on the standard output.
            archive.ifPresent(file -> command.addAll(List.of(
                    "-XX:SharedArchiveFile=" + file,
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0",
                    "-Xlog:disable",
                    "-Xlog:all=error:stderr")));
            command.addAll(List.of(
                    "-XX:+UseSerialGC",
                    // Else a full collection leaves dead space that counts as used: up to a twentieth of the heap.
                    "-XX:MarkSweepAlwaysCompactCount=1",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-Dai.djl.offline=true",
                    "-Dvertx.disableDnsResolver=true",
                    "-Dweir.home=" + System.getProperty("weir.home", home().toString()),
                    "-cp",
                    classPath(),
                    mainClass));
            command.addAll(arguments);
            return command;
        }

        /** This JVM's. The packaged weir command needs no folders of it, and a class archive cannot have any. */
        private String classPath() {
            String all = System.getProperty("java.class.path");
            return mainClass.equals(MAIN) && isPackaged()
                    ? Stream.of(all.split(File.pathSeparator))
                            .filter(entry -> entry.endsWith(".jar"))
                            .collect(Collectors.joining(File.pathSeparator))
                    : all;
        }

        /** The checkout in which this JVM was started. */
        private static Path home() {
            Path folder = Path.of("").toAbsolutePath();
            while (folder.getParent() != null
                    && !folder.resolve("weir").toFile().isFile()) {
                folder = folder.getParent();
            }
            return folder;
        }
    }

    public static WeirProcess start(List<String> arguments) {
        return start(Jvm.WEIR, arguments);
    }

    public static WeirProcess start(Jvm jvm, List<String> arguments) {
        return start(jvm, Path.of(System.getProperty("java.io.tmpdir")), Map.of(), arguments);
    }

    public static WeirProcess start(Jvm jvm, Path directory, Map<String, String> environment, List<String> arguments) {
        return launch(String.join(" ", arguments), directory, environment, jvm.command(arguments));
    }

    private static WeirProcess launch(
            String name, Path directory, Map<String, String> environment, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().keySet().removeIf(key -> key.startsWith("WEIR_"));
        builder.environment().put("OPT_OUT_TRACKING", "true");
        builder.environment().put("MALLOC_ARENA_MAX", "2");
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            RUNNING.add(process);
            Guardian.watch(process);
            process.onExit().thenAccept(RUNNING::remove);
            return new WeirProcess(name, process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs the weir command to its end. */
    public static Outcome run(Path directory, Map<String, String> environment, List<String> arguments) {
        try (WeirProcess weir = start(Jvm.WEIR, directory, environment, arguments)) {
            return weir.awaitExit();
        }
    }

    /** Starts any other command. */
    public static WeirProcess startCommand(Path directory, Map<String, String> environment, List<String> command) {
        return launch(String.join(" ", command), directory, environment, command);
    }

    /** Runs any other command to its end. */
    public static Outcome runCommand(Path directory, Map<String, String> environment, List<String> command) {
        try (WeirProcess process = startCommand(directory, environment, command)) {
            return process.awaitExit();
        }
    }

    /** The address on the process's {@code ready} line. */
    public String awaitReady() {
        long deadline = System.nanoTime() + READY_TIMEOUT.toNanos();
        while (out.after("ready ").isEmpty()) {
            if (!process.isAlive()) {
                throw new AssertionError(name + " ended before it was ready:\n" + transcript());
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(name + " is not ready:\n" + transcript());
            }
            uninterrupted(() -> out.awaitMore(LOOK_MS));
        }
        return out.after("ready ").orElseThrow();
    }

    public Outcome awaitExit() {
        uninterrupted(() -> {
            if (!process.waitFor(EXIT_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(name + " did not end:\n" + transcript());
            }
            out.awaitEnd();
            err.awaitEnd();
        });
        return new Outcome(process.exitValue(), out.text(), err.text());
    }

    /** Sends SIGTERM, like an orchestrator. */
    public void terminate() {
        process.destroy();
    }

    /** Sends SIGKILL, like a power failure. */
    public void kill() {
        process.destroyForcibly();
    }

    /** Freezes it, with every connection open, until it is {@linkplain #thaw thawed}. */
    public void freeze() {
        signal("STOP");
    }

    public void thaw() {
        signal("CONT");
    }

    private void signal(String signal) {
        var outcome = runCommand(Path.of("/"), Map.of(), List.of("kill", "-" + signal, String.valueOf(pid())));
        if (outcome.exitCode() != 0 && isAlive()) {
            throw new AssertionError("%s took no SIG%s: %s".formatted(name, signal, outcome.err()));
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Its output, with its errors last. */
    public String transcript() {
        return out.text() + "\n" + err.text();
    }

    private interface Waiting {
        void run() throws InterruptedException;
    }

    private void uninterrupted(Waiting waiting) {
        try {
            waiting.run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + name, e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}

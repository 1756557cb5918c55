package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Separate hosts on one machine: network namespaces on a bridge, which this process can also reach. Needs root and
 * {@code ip}. The names contain this process's id, so several processes may have networks at once. A process leaves
 * nothing, however it ends; what a killed {@link Guardian} leaves is removed by the next process. One thread at a time.
 */
public final class Network implements AutoCloseable {

    private static final String TOOL = "ip";
    /** The owner's id, and the number of a bridge, namespace or virtual cable. */
    private static final Pattern NAME = Pattern.compile("weir([0-9a-z]+)-[bnv]\\d*");

    private final String prefix = "weir" + Long.toString(ProcessHandle.current().pid(), Character.MAX_RADIX) + "-";
    /** One of the 64 networks of 256 addresses from 10.99.64.0 on that no interface has yet. */
    private final String subnet = freeSubnet();

    /** Lines for {@code ip}, the last first. */
    private final Deque<String> undo = new ConcurrentLinkedDeque<>();

    private final Thread atShutdown = new Thread(this::undoAll, "weir-network");
    private int hosts;

    private Network() {}

    /** Why this machine cannot provide separate hosts, or empty. */
    public static Optional<String> problem() {
        try (Network network = open()) {
            network.host();
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of("this machine gives no network namespaces (root and ip are needed): " + e.getMessage());
        }
    }

    /** Throws IllegalStateException with the output of {@code ip} if this machine does not allow it. */
    public static Network open() {
        sweep();
        Network network = new Network();
        Runtime.getRuntime().addShutdownHook(network.atShutdown);
        try {
            network.begin();
            return network;
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private static String freeSubnet() {
        String taken = run(List.of("-brief", "address")).out();
        long first = ProcessHandle.current().pid();
        return LongStream.range(first, first + 64)
                .mapToObj(number -> "10.99." + (64 + number % 64) + ".")
                .filter(subnet -> !taken.contains(" " + subnet))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("all networks from 10.99.64.0 to 10.99.127.0 are taken"));
    }

    private void begin() {
        atEnd("link delete " + bridge());
        ip("link", "add", bridge(), "type", "bridge");
        ip("address", "add", subnet + "1/24", "dev", bridge());
        ip("link", "set", bridge(), "up");
    }

    private void atEnd(String line) {
        undo.push(line);
        Guardian.runAtEnd(TOOL + " " + line);
    }

    /** The address of this process for the hosts. */
    public String address() {
        return subnet + "1";
    }

    /** One more host on the bridge. */
    public RemoteHost host() {
        int number = ++hosts;
        RemoteHost host = new RemoteHost(prefix + "n" + number, prefix + "v" + number, subnet + (1 + number));
        atEnd("netns delete " + host.namespace);
        ip("netns", "add", host.namespace);
        ip("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", host.namespace);
        ip("link", "set", host.cable, "master", bridge());
        ip("link", "set", host.cable, "up");
        ip("-n", host.namespace, "address", "add", host.address() + "/24", "dev", "eth0");
        ip("-n", host.namespace, "link", "set", "lo", "up");
        ip("-n", host.namespace, "link", "set", "eth0", "up");
        return host;
    }

    private String bridge() {
        return prefix + "b";
    }

    private static void ip(String... arguments) {
        Outcome outcome = run(List.of(arguments));
        if (outcome.exitCode() != 0) {
            throw new IllegalStateException(TOOL + " " + String.join(" ", arguments) + ": "
                    + outcome.err().strip());
        }
    }

    private static Outcome run(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(TOOL));
        command.addAll(arguments);
        return WeirProcess.runCommand(Path.of("/"), Map.of(), command);
    }

    /** Removes the hosts. End their processes first. */
    @Override
    public void close() {
        undoAll();
        try {
            Runtime.getRuntime().removeShutdownHook(atShutdown);
        } catch (IllegalStateException shuttingDown) {
            // The hook runs and finds nothing left to do.
        }
    }

    private void undoAll() {
        List<String> lines = new ArrayList<>();
        for (String line = undo.poll(); line != null; line = undo.poll()) {
            lines.add(line);
        }
        batch(lines);
    }

    /** Removes the leftovers of dead processes. */
    private static void sweep() {
        Stream<String> hosts = run(List.of("netns", "list"))
                .out()
                .lines()
                .flatMap(Network::left)
                .map("netns delete "::concat);
        Stream<String> links = run(List.of("-brief", "link"))
                .out()
                .lines()
                .flatMap(Network::left)
                .map("link delete "::concat);
        batch(Stream.concat(hosts, links).toList());
    }

    /** The name at the start of a line, if its owner is dead. */
    private static Stream<String> left(String line) {
        Matcher name = NAME.matcher(line);
        boolean isLeft = name.lookingAt()
                && ProcessHandle.of(Long.parseLong(name.group(1), Character.MAX_RADIX))
                        .isEmpty();
        return isLeft ? Stream.of(name.group()) : Stream.empty();
    }

    /** Runs all lines in a separate process, which survives the end of this JVM, even if some fail. */
    private static void batch(List<String> lines) {
        if (lines.isEmpty()) {
            return;
        }
        try {
            Process ip = new ProcessBuilder(TOOL, "-force", "-batch", "-")
                    .redirectErrorStream(true)
                    .redirectOutput(Redirect.DISCARD)
                    .start();
            try (Writer input = ip.outputWriter()) {
                input.write(String.join("\n", lines) + "\n");
            }
            ip.onExit().join();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A namespace at the end of a virtual cable. */
    public final class RemoteHost implements Host {

        private final String namespace;
        private final String cable;
        private final String address;

        private RemoteHost(String namespace, String cable, String address) {
            this.namespace = namespace;
            this.cable = cable;
            this.address = address;
        }

        /** For the namespace: the files in {@code /etc/netns/NAME} replace those in {@code /etc} there. */
        public String name() {
            return namespace;
        }

        @Override
        public String address() {
            return address;
        }

        @Override
        public List<String> wrapper() {
            return List.of(TOOL, "netns", "exec", namespace);
        }

        /** From now on, packets from and to it are silently dropped. */
        public void cutOff() {
            ip("link", "set", cable, "nomaster");
        }

        public void heal() {
            ip("link", "set", cable, "master", bridge());
        }
    }
}

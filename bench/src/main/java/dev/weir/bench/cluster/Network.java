package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Outcome;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Hosts of their own on one machine: network namespaces at a bridge, which this process reaches as well. Needs root and
 * {@code ip}. Its names bear this process's id, so that several may run at once. One thread at a time.
 */
public final class Network implements AutoCloseable {

    private static final String TOOL = "ip";

    private final String prefix = "weir" + ProcessHandle.current().pid() % 100_000;
    /** One of the 64 networks of 256 addresses from 10.99.64.0 on. */
    private final String subnet = "10.99." + (64 + ProcessHandle.current().pid() % 64) + ".";

    private final Deque<List<String>> undo = new ArrayDeque<>();
    private int hosts;

    private Network() {}

    /** Why this machine gives no hosts of their own, or empty. */
    public static Optional<String> problem() {
        try (Network network = open()) {
            network.host();
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of("this machine gives no network namespaces (root and ip are needed): " + e.getMessage());
        }
    }

    /** Throws IllegalStateException with what {@code ip} said where this machine does not let it. */
    public static Network open() {
        Network network = new Network();
        try {
            network.begin();
            return network;
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private void begin() {
        undo.push(List.of("link", "delete", bridge()));
        ip("link", "add", bridge(), "type", "bridge");
        ip("address", "add", subnet + "1/24", "dev", bridge());
        ip("link", "set", bridge(), "up");
    }

    /** Where this process is reached from the hosts. */
    public String address() {
        return subnet + "1";
    }

    /** One more host at the bridge. */
    public RemoteHost host() {
        int number = ++hosts;
        RemoteHost host = new RemoteHost(prefix + "n" + number, prefix + "v" + number, subnet + (1 + number));
        undo.push(List.of("netns", "delete", host.namespace));
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

    /** Ends the hosts; the processes there are to be ended before. */
    @Override
    public void close() {
        while (!undo.isEmpty()) {
            run(undo.pop());
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

        /** Of the namespace: what lies in {@code /etc/netns/NAME} is in the place of the files in {@code /etc} there. */
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

        /** From now on packets from and to it are lost without a word. */
        public void cutOff() {
            ip("link", "set", cable, "nomaster");
        }

        public void heal() {
            ip("link", "set", cable, "master", bridge());
        }
    }
}

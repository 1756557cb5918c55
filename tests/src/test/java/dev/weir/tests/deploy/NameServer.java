package dev.weir.tests.deploy;

import dev.weir.bench.cluster.Network;
import dev.weir.bench.cluster.WeirProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** The names of services, as an engine's own name server has them: one address for each running container. */
final class NameServer implements AutoCloseable {

    private static final Path HOSTS = Path.of("/run/netns");
    /** Where {@code ip netns exec} looks for replacements of files in {@code /etc}, by host. */
    private static final Path FOLDERS = Path.of("/etc/netns");

    private final Path hosts;
    private final Path log;
    private final String address;
    private final WeirProcess process;
    private final List<String> lines = new ArrayList<>();
    private int loads = 1;

    NameServer(Network network, Path folder) throws IOException {
        this.address = network.address();
        this.hosts = Files.writeString(folder.resolve("hosts"), "");
        this.log = folder.resolve("dnsmasq.log");
        this.process = WeirProcess.startCommand(
                folder,
                Map.of(),
                List.of(
                        "dnsmasq",
                        "--keep-in-foreground",
                        "--conf-file=/dev/null",
                        "--user=root",
                        "--pid-file=",
                        "--no-resolv",
                        "--no-hosts",
                        "--local=//",
                        "--bind-interfaces",
                        "--except-interface=lo",
                        "--listen-address=" + address,
                        "--addn-hosts=" + hosts,
                        "--log-facility=" + log));
        Files.createDirectories(FOLDERS);
        awaitLoads();
    }

    /** Call it before anything runs on the host. */
    void serves(Network.RemoteHost host) throws IOException {
        Path folder = Files.createDirectories(FOLDERS.resolve(host.name()));
        Files.writeString(folder.resolve("resolv.conf"), "nameserver " + address + "\n");
    }

    void add(Set<String> names, String hostAddress) throws IOException {
        lines.add(hostAddress + " " + String.join(" ", names));
        reload();
    }

    void remove(String hostAddress) throws IOException {
        lines.removeIf(line -> line.startsWith(hostAddress + " "));
        reload();
    }

    private void reload() throws IOException {
        Files.write(hosts, lines);
        WeirProcess.runCommand(Path.of("/"), Map.of(), List.of("kill", "-HUP", String.valueOf(process.pid())));
        loads++;
        awaitLoads();
    }

    private void awaitLoads() {
        Awaitility.await("the name server to read its names")
                .until(() -> Files.exists(log)
                        && Files.readString(log)
                                        .lines()
                                        .filter(line -> line.contains("read " + hosts))
                                        .count()
                                >= loads);
    }

    /** Close it after the hosts are gone. Removes its files for them, and those of killed predecessors. */
    @Override
    public void close() throws IOException {
        process.close();
        List<Path> left;
        try (Stream<Path> folders = Files.list(FOLDERS)) {
            left = folders.filter(folder -> folder.getFileName().toString().startsWith("weir"))
                    .filter(folder -> !Files.exists(HOSTS.resolve(folder.getFileName())))
                    .toList();
        }
        for (Path folder : left) {
            Files.deleteIfExists(folder.resolve("resolv.conf"));
            Files.deleteIfExists(folder);
        }
    }
}

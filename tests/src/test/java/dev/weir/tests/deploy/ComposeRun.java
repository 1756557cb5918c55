package dev.weir.tests.deploy;

import dev.weir.bench.cluster.Network;
import dev.weir.bench.cluster.Network.RemoteHost;
import dev.weir.bench.cluster.WeirProcess;
import dev.weir.bench.cluster.WeirProcess.Outcome;
import dev.weir.tests.deploy.ComposeFile.Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * {@code docker compose up --scale …} without an engine: each container is a process at a host of its own, with the command,
 * environment, volumes, names and order of the Compose file. Containers of Weir's image have its files and restrictions, too
 * ({@link Confinement}). One bridge stands for all of the file's networks.
 */
final class ComposeRun implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(4);

    /** How the images that are not ours begin, where this machine has what is in them. */
    private static final Map<String, List<String>> ENTRYPOINTS = Map.of(
            "haproxy", List.of("haproxy", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"),
            "prom/prometheus", List.of("prometheus"));

    private final ImageFolder image;
    private final Path scratch;
    private final Network network;
    private final NameServer names;
    private final List<Container> containers = new ArrayList<>();

    record Container(Service service, RemoteHost host, WeirProcess process) {

        String url(int port) {
            return "http://%s:%d".formatted(host.address(), port);
        }
    }

    ComposeRun(ImageFolder image, Path scratch) throws IOException {
        this.image = image;
        this.scratch = scratch;
        this.network = Network.open();
        this.names = new NameServer(network, scratch);
    }

    /**
     * Returns when everything is up and healthy. One service after another, those that others depend on first: seven JVMs that
     * start at once keep two cores busy for longer than members of a cluster wait for each other's heartbeats.
     */
    void up(ComposeFile file, Map<String, Integer> scale) throws IOException {
        for (Service service : file.inOrder()) {
            if (service.isNode() || !entrypoint(service).isEmpty()) {
                for (int i = 0; i < scale.getOrDefault(service.name(), service.replicas()); i++) {
                    start(service);
                }
                of(service.name()).forEach(this::awaitHealthy);
            }
        }
    }

    private void start(Service service) throws IOException {
        RemoteHost host = network.host();
        names.serves(host);
        names.add(service.names(), host.address());
        List<String> command = new ArrayList<>(service.isNode() ? List.of("/app/weir") : entrypoint(service));
        command.addAll(service.command());
        containers.add(new Container(service, host, start(service, host, command)));
    }

    /** Starts a command in a container. */
    private WeirProcess start(Service service, RemoteHost host, List<String> command) {
        List<String> atHost = new ArrayList<>(host.wrapper());
        if (service.isNode()) {
            atHost.addAll(Confinement.of(image, service).command(command));
            return WeirProcess.startCommand(scratch, Map.of(), atHost);
        }
        command.forEach(word -> atHost.add(mapped(service, word)));
        return WeirProcess.startCommand(scratch, service.environment(), atHost);
    }

    /** Runs a command in a container beside what runs there, as {@code docker exec} does, in a /tmp of its own. */
    Outcome exec(Container container, List<String> command) {
        try (WeirProcess process = start(container.service(), container.host(), command)) {
            return process.awaitExit();
        }
    }

    private static List<String> entrypoint(Service service) {
        List<String> entrypoint = ENTRYPOINTS.getOrDefault(service.image().replaceFirst(":.*", ""), List.of());
        boolean isHere = !entrypoint.isEmpty() && isInstalled(entrypoint.get(0));
        return isHere ? entrypoint : List.of();
    }

    static boolean isInstalled(String tool) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)))
                || Files.isExecutable(Path.of("/usr/sbin", tool));
    }

    private String mapped(Service service, String word) {
        String result = word;
        for (var volume : service.volumes().entrySet()) {
            boolean isOfCheckout = volume.getValue().startsWith(".");
            Path source = isOfCheckout ? ComposeFile.source(volume.getValue()) : scratch.resolve(volume.getValue());
            if (result.endsWith(volume.getKey()) || result.contains(volume.getKey() + "/")) {
                result = result.replace(volume.getKey(), source.toString());
                break;
            }
        }
        return result;
    }

    private void awaitHealthy(Container container) {
        try {
            Awaitility.await()
                    .atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(500))
                    .until(() -> isHealthy(container));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(container.service().name() + " is not healthy\n" + transcripts(), e);
        }
    }

    /** What all containers printed. */
    String transcripts() {
        return containers.stream()
                .map(container -> "%s %s\n%s"
                        .formatted(
                                container.service().name(),
                                container.host().address(),
                                container.process().transcript()))
                .collect(Collectors.joining("\n"));
    }

    private boolean isHealthy(Container container) {
        if (!container.process().isAlive()) {
            throw new AssertionError(container.service().name() + " ended:\n"
                    + container.process().transcript());
        }
        // Each check is a container of its own: a node is asked once it has said that it is ready.
        if (container.service().isNode() && !container.process().transcript().contains("ready ")) {
            return false;
        }
        List<String> healthcheck = container.service().healthcheck();
        return healthcheck.isEmpty() || exec(container, healthcheck).exitCode() == 0;
    }

    List<Container> of(String service) {
        return containers.stream()
                .filter(container -> container.service().name().equals(service))
                .toList();
    }

    List<Container> nodes() {
        return containers.stream()
                .filter(container -> container.service().isNode())
                .toList();
    }

    /** As a machine that loses its power, and an engine that notices. */
    void kill(Container container) throws IOException {
        container.process().close();
        names.remove(container.host().address());
        containers.remove(container);
    }

    @Override
    public void close() throws IOException {
        containers.forEach(container -> container.process().close());
        network.close();
        names.close();
    }
}

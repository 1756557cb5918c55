package dev.weir.cli;

import dev.weir.decoder.Safety;
import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ComputeTarget.Engine;
import dev.weir.engine.ComputeTarget.Precision;
import dev.weir.engine.EngineChoice;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.engine.torch.Torch;
import dev.weir.gateway.GatewayConfig;
import dev.weir.runtime.ConfigException;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.Node;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.Role;
import dev.weir.serving.Cards;
import io.vertx.core.Future;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node of this process, started from the command line's options. For the main thread, which it blocks. Benchmarks
 * also use it.
 */
public final class WeirNode implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(WeirNode.class);
    private static final String AUTO = "auto";
    /** How long leaving the cluster may take after the drain. */
    private static final Duration LEAVING = Duration.ofSeconds(20);

    private static final long READY_PAUSE_MS = 20;

    private final Node node;
    private final ProcessModels models;
    private final URI url;
    private final Duration patience;

    private WeirNode(Node node, ProcessModels models, URI url, Duration drainTime) {
        this.node = node;
        this.models = models;
        this.url = url;
        this.patience = drainTime.plus(LEAVING);
    }

    /**
     * Returns when every role is up and its models are loaded and warm. Throws {@link CliException} on a bad
     * configuration.
     */
    static WeirNode start(NodeConfig config, GatewayConfig gateway, LimitOptions limits) {
        return start(config, gateway, limits, models -> config);
    }

    /** The same, with those of the roles that the models need. */
    static WeirNode startNeeded(NodeConfig config, GatewayConfig gateway, LimitOptions limits) {
        return start(config, gateway, limits, models -> config.withRoles(rolesFor(config, models)));
    }

    private static WeirNode start(
            NodeConfig asked, GatewayConfig gateway, LimitOptions limits, Function<List<ModelFolder>, NodeConfig> fit) {
        refuseProblems(asked);
        prepare(asked);
        AddOnFolders addOns = AddOnFolders.of(asked.compute());
        List<ModelFolder> named = open(asked.compute(), addOns);
        WeirNode node = start(fit.apply(named), gateway, limits, addOns, named);
        node.offerDrafts(asked.compute(), addOns, named);
        return node;
    }

    /** Without delay for the start. The models of a folder are known without it. */
    private void offerDrafts(NodeConfig.Compute compute, AddOnFolders addOns, List<ModelFolder> named) {
        if (compute.directory().isEmpty()
                && named.stream().anyMatch(model -> model.draft().isPresent())) {
            Thread thread = new Thread(() -> models.offer(addOns.drafts(compute, named)), "weir-drafts");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static Set<Role> rolesFor(NodeConfig config, List<ModelFolder> models) {
        Set<Role> roles = EnumSet.copyOf(config.roles());
        // A later model of a folder may need any of them.
        roles.removeIf(role -> config.compute().directory().isEmpty()
                && role.stage().isPresent()
                && models.stream()
                        .allMatch(
                                model -> Cards.stages(model, role.stage().get()).isEmpty()));
        return roles;
    }

    private static WeirNode start(
            NodeConfig config,
            GatewayConfig gateway,
            LimitOptions limits,
            AddOnFolders addOns,
            List<ModelFolder> named) {
        try {
            List<ComputeTarget> targets = targets(config, named);
            ProcessModels models = ProcessModels.of(config, named, addOns, targets.get(0));
            ServiceRoles roles = new ServiceRoles(
                    models.models(),
                    targets,
                    gateway.with(limits.gateway()),
                    limits,
                    Safety.named(config.compute().safety()));
            Node node = await(Node.start(config, roles));
            int port = node.opsPort().orElseGet(roles::gatewayPort);
            return new WeirNode(
                    node,
                    models,
                    URI.create(scheme(node, gateway) + new HostPort(reachable(gateway.host()), port)),
                    config.limits().drainTime());
        } catch (CompletionException e) {
            throw CliException.rootOf(e) instanceof RuntimeException cause ? cause : e;
        }
    }

    /** The models that it is to run, of which only configurations are read. */
    static List<ModelFolder> open(NodeConfig.Compute compute, AddOnFolders addOns) {
        Map<String, Path> paths = new HashMap<>();
        List<ModelFolder> folders = new ArrayList<>();
        for (Path path : compute.models()) {
            ModelFolder folder = addOns.open(compute, path);
            Path other = paths.put(folder.card().id(), path);
            if (other != null) {
                throw new CliException(
                        CliException.USAGE,
                        "--model: %s and %s are both called \"%s\"; give one of them another \"id\" in its weir.json"
                                .formatted(other, path, folder.card().id()));
            }
            folders.add(folder);
        }
        return folders;
    }

    /** The verticles of {@code weir up}, on a bus of this process alone, at a port that only this machine can reach. */
    public static WeirNode local(NodeConfig.Compute compute) {
        return startNeeded(
                localConfig(EnumSet.allOf(Role.class), compute), GatewayConfig.on("127.0.0.1", 0), new LimitOptions());
    }

    /**
     * The verticles of one request, on a bus of this process alone. Their networks are not profiled.
     *
     * @param addOns with which the models were opened; once, because each opening logs what does not fit
     */
    static WeirNode ofOneRequest(NodeConfig config, AddOnFolders addOns, List<ModelFolder> models) {
        GatewayConfig gateway =
                GatewayConfig.on("127.0.0.1", 0).with(JobOptions.ofOneRequest()).withApis(Set.of());
        return start(config, gateway, LimitOptions.ofOneRequest(), addOns, models);
    }

    /** Of a process that is in no cluster. Throws {@link CliException} on a bad configuration; loads nothing. */
    static NodeConfig localConfig(Set<Role> roles, NodeConfig.Compute compute) {
        NodeConfig config =
                new NodeConfig(roles, Optional.empty(), Optional.empty(), compute, NodeConfig.Limits.DEFAULT);
        refuseProblems(config);
        return config;
    }

    /** Begins to load libraries before models are opened. A process without stages needs none. */
    static void prepare(NodeConfig config) {
        if (config.roles().stream().anyMatch(role -> role.stage().isPresent())) {
            choice(config.compute(), config.compute().devices().get(0)).prepare();
        }
    }

    /** Checked before models are opened, so that all problems are reported together. */
    private static void refuseProblems(NodeConfig config) {
        List<String> problems = config.problems();
        if (!problems.isEmpty()) {
            throw new CliException(
                    CliException.USAGE, String.join("\nweir: ", problems), new ConfigException(problems));
        }
    }

    /** One for each device, in their order. */
    private static List<ComputeTarget> targets(NodeConfig config, List<ModelFolder> models) {
        NodeConfig.Compute compute = config.compute();
        if (compute.threads() > 0) {
            System.setProperty(Torch.THREADS_PROPERTY, Integer.toString(compute.threads()));
        }
        boolean denoises = config.roles().stream().anyMatch(Role::diffuses);
        List<ModelFolder> measured = models.isEmpty() ? firstOfDirectory(compute) : models;
        List<ComputeTarget> targets = new ArrayList<>();
        try {
            for (String device : compute.devices()) {
                EngineChoice choice = choice(compute, device);
                ComputeTarget target = denoises ? choice.target(measured) : choice.known(measured);
                LOG.info("computing on {}: {}", target, target.reason());
                targets.add(target);
            }
            return targets;
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, e.getMessage(), e);
        }
    }

    /** Of a valid configuration. */
    private static EngineChoice choice(NodeConfig.Compute compute, String device) {
        Optional<Precision> precision =
                unlessAuto(compute.precision()).map(name -> Precision.valueOf(name.toUpperCase(Locale.ROOT)));
        Optional<Engine> engine =
                unlessAuto(compute.engine()).map(name -> Engine.valueOf(name.toUpperCase(Locale.ROOT)));
        return new EngineChoice(engine, unlessAuto(device), precision);
    }

    private static List<ModelFolder> firstOfDirectory(NodeConfig.Compute compute) {
        return compute.directory().flatMap(directory -> ModelFolders.first(directory.folder())).stream()
                .map(ModelFolder::open)
                .toList();
    }

    private static Optional<String> unlessAuto(String name) {
        return name.equals(AUTO) ? Optional.empty() : Optional.of(name);
    }

    /** Only gateways have a certificate for clients. */
    private static String scheme(Node node, GatewayConfig gateway) {
        return node.opsPort().isEmpty() && gateway.security().tls().isPresent() ? "https://" : "http://";
    }

    /** An address to connect to, if the listening address means all addresses. */
    private static String reachable(String host) {
        return Set.of("0.0.0.0", "::").contains(host) ? "127.0.0.1" : host;
    }

    /** The HTTP address of this process. */
    public URI url() {
        return url;
    }

    /** Returns when the gateway of this node can have images generated: some model has a live node for every stage. */
    void awaitReady() {
        try {
            // Not over HTTP: a certificate need not be for the address that this process listens at.
            while (!node.context().health().unready().isEmpty()) {
                TimeUnit.MILLISECONDS.sleep(READY_PAUSE_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException(CliException.FAILED, "interrupted", e);
        }
    }

    /** Prints the addresses for joining and for HTTP, which scripts and people wait for. */
    void announce(PrintWriter out) {
        node.clusterAddress().ifPresent(address -> out.println("cluster " + address));
        out.println("ready " + url);
        out.flush();
    }

    /**
     * Serves until the process is told to end, then drains and ends, even if leaving the cluster fails. Does not
     * return. Throws when the node cannot recover, so that the process drains and ends and the platform restarts it.
     */
    void serve() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::drain, "weir-drain"));
        throw new CliException(
                CliException.FAILED, await(node.context().health().failed()));
    }

    private void drain() {
        try {
            node.drain().toCompletionStage().toCompletableFuture().get(patience.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            System.err.printf("weir: left without a farewell, as draining took more than %d s%n", patience.toSeconds());
        } catch (ExecutionException | InterruptedException e) {
            System.err.println("weir: draining failed: " + e.getMessage());
        }
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    @Override
    public void close() {
        models.close();
        await(node.close());
    }
}

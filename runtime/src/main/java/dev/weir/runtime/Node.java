package dev.weir.runtime;

import dev.weir.runtime.cluster.Cluster;
import dev.weir.runtime.memory.ClusterMemory;
import dev.weir.runtime.memory.LocalMemory;
import dev.weir.runtime.ops.Health;
import dev.weir.runtime.ops.OpsServer;
import dev.weir.runtime.trace.TraceExport;
import dev.weir.runtime.trace.Tracing;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.micrometer.MetricsDomain;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Weir process: a Vertx, alone or in a cluster, and its deployed roles. Any thread. */
public final class Node {

    private static final Logger log = LoggerFactory.getLogger(Node.class);

    private static final Duration BLOCKED_CHECK = Duration.ofSeconds(10);

    private final NodeContext context;
    private final NodeConfig config;
    private final Optional<HostPort> clusterAddress;
    private final Optional<OpsServer> ops;

    private Node(NodeContext context, NodeConfig config, Optional<HostPort> clusterAddress, RoleFactory factory) {
        this.context = context;
        this.config = config;
        this.clusterAddress = clusterAddress;
        this.ops = config.ops().map(listen -> new OpsServer(context, listen, factory::metricsGuard));
    }

    /**
     * Starts the configured roles. Completes when every role is deployed and its models are loaded. Fails with a {@link
     * ConfigException} on a bad configuration, otherwise with the exception of the first role that failed; then nothing
     * is left running.
     */
    public static Future<Node> start(NodeConfig config, RoleFactory factory) {
        if (!config.problems().isEmpty()) {
            return Future.failedFuture(new ConfigException(config.problems()));
        }
        String nodeId = UUID.randomUUID().toString().substring(0, 8);
        factory.named(nodeId);
        config.settings().forEach((name, value) -> log.info("{}: {}", name, value));
        PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        bindJvmMetrics(metrics);
        Health health = new Health(config.limits().stallLimit());
        Tracing tracing = config.traceEndpoint()
                .map(endpoint -> TraceExport.to(endpoint, nodeId))
                .orElseGet(Tracing::off);
        return member(nodeId, config, metrics, health).compose(member -> NodeContext.create(
                        member.vertx, nodeId, config.limits(), member.memory, health, metrics, tracing)
                .compose(context -> new Node(context, config, member.address, factory).deploy(factory))
                .recover(problem -> member.vertx.close().transform(closed -> Future.failedFuture(problem))));
    }

    public NodeContext context() {
        return context;
    }

    /** The address that other nodes use to join. Empty if the node is alone. */
    public Optional<HostPort> clusterAddress() {
        return clusterAddress;
    }

    /** The port that serves health and metrics. Empty if none is configured. */
    public OptionalInt opsPort() {
        return ops.stream().mapToInt(OpsServer::port).findFirst();
    }

    /**
     * Shuts down in this order: accept no new work, finish held samples or hand them back at the deadline, leave the
     * bus and the cluster.
     */
    public Future<Void> drain(Duration deadline) {
        log.info("Draining for at most {} s", deadline.toSeconds());
        return context.health().drain(deadline).eventually(this::close);
    }

    /** Drains with the configured time limit. */
    public Future<Void> drain() {
        return drain(config.limits().drainTime());
    }

    /** Shuts down immediately: held samples are handed back. */
    public Future<Void> close() {
        return context.vertx().close().eventually(context.tracing()::close);
    }

    private Future<Node> deploy(RoleFactory factory) {
        Future<?> serving = ops.map(context.vertx()::deployVerticle).orElseGet(Future::succeededFuture);
        Map<Role, Future<?>> deployments = new EnumMap<>(Role.class);
        config.roles().stream()
                .sorted()
                .forEach(role -> deployments.put(
                        role,
                        context.vertx()
                                .deployVerticle(factory.create(role, context))
                                .onSuccess(id -> log.info("{} is up", role))));
        // Vert.x prints a stack trace if it is closed while a server begins to listen. Stages may load for minutes: it
        // waits for none.
        Future<?> gateway = deployments.getOrDefault(Role.GATEWAY, Future.succeededFuture());
        return serving.compose(v -> Future.all(List.copyOf(deployments.values())))
                .recover(problem -> gateway.transform(settled -> Future.failedFuture(problem)))
                .map(all -> {
                    context.health().started();
                    return this;
                });
    }

    /**
     * Of a blocked thread, Vert.x logs one line in ten seconds. By default it logs a line a second, with a stack trace after five
     * seconds: on an overloaded machine that is hundreds of lines that say the same.
     */
    static VertxOptions options() {
        // The event bus's gauges conflict without an address label, and the bus has one address per node, so a label
        // would have too many values.
        return new VertxOptions()
                .setBlockedThreadCheckInterval(BLOCKED_CHECK.toMillis())
                .setBlockedThreadCheckIntervalUnit(TimeUnit.MILLISECONDS)
                .setWarningExceptionTime(Long.MAX_VALUE)
                .setWarningExceptionTimeUnit(TimeUnit.NANOSECONDS)
                // Vert.x serves nothing from the class path. If this were on, it would need a writable cache folder.
                .setFileSystemOptions(new FileSystemOptions().setClassPathResolvingEnabled(false))
                .setMetricsOptions(new MicrometerMetricsOptions()
                        .setEnabled(true)
                        .addDisabledMetricsCategory(MetricsDomain.EVENT_BUS));
    }

    private static Future<Member> member(
            String nodeId, NodeConfig config, PrometheusMeterRegistry metrics, Health health) {
        VertxOptions options = options();
        VertxBuilder builder = Vertx.builder().withMetrics(new MicrometerMetricsFactory(metrics));
        return config.cluster()
                .map(cluster -> Cluster.join(
                                nodeId, cluster, config.roles().contains(Role.GATEWAY), builder, options, health::fail)
                        .map(joined -> new Member(joined.vertx(), Optional.of(joined.address()), joined.memory())))
                .orElseGet(() -> {
                    Vertx alone = builder.with(options).build();
                    return Future.succeededFuture(new Member(alone, Optional.empty(), new LocalMemory(alone)));
                });
    }

    /** These live as long as the registry. The collector's listener ends with the process. */
    @SuppressWarnings("resource")
    private static void bindJvmMetrics(PrometheusMeterRegistry metrics) {
        new JvmMemoryMetrics().bindTo(metrics);
        new JvmGcMetrics().bindTo(metrics);
        new JvmThreadMetrics().bindTo(metrics);
        new ProcessorMetrics().bindTo(metrics);
    }

    private record Member(Vertx vertx, Optional<HostPort> address, ClusterMemory memory) {}
}

package dev.weir.runtime.cluster;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.ConfigException;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.cluster.SplitBrainWatchdog.View;
import dev.weir.runtime.memory.ClusterMemory;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Creates a Vertx that is part of a cluster, over TCP to the given hosts, without multicast.
 *
 * <p>Every node holds a share of the cluster's data unless it is lite, so that the only gateway may be restarted: the job ledger has
 * three copies. Lite nodes are for fleets with several permanent gateways. Nodes may start in any order: a stage waits until one of the
 * nodes to join is up.
 */
public record Cluster(Vertx vertx, HostPort address, ClusterMemory memory) {

    /**
     * Joins as soon as one of the other nodes is up, or starts a cluster if allowed.
     *
     * @param nodeId in the names of the addresses at which this node alone listens, see {@link Addresses}
     * @param isGateway whether it hears what gateways tell each other, and starts a cluster without waiting if no other node is up
     * @param options to which the options of the bus are added
     * @param lost called with the reason when this node cannot recover and must be restarted
     */
    public static Future<Cluster> join(
            String nodeId,
            ClusterConfig config,
            boolean isGateway,
            VertxBuilder builder,
            VertxOptions options,
            Consumer<String> lost) {
        return join(nodeId, config, InetAddress::getAllByName, isGateway, builder, options, lost);
    }

    static Future<Cluster> join(
            String nodeId,
            ClusterConfig config,
            Peers.Names names,
            boolean isGateway,
            VertxBuilder builder,
            VertxOptions options,
            Consumer<String> lost) {
        Peers.lookNamesUpOften();
        String bindHost;
        EventBusOptions bus;
        try {
            bindHost = bindHost(config);
            if (config.bind().isPresent()) {
                requireLocal(bindHost);
            }
            bus = busOptions(config, bindHost);
        } catch (IOException | IllegalArgumentException e) {
            return Future.failedFuture(new ConfigException(List.of(e.getMessage())));
        }
        Peers peers = new Peers(config.join(), names);
        MemberClusterManager manager =
                new MemberClusterManager(HazelcastConfigs.of(nodeId, isGateway, config, bindHost, peers));
        VertxBuilder clustered = builder.with(options.setEventBusOptions(bus)).withClusterManager(manager);
        Future<?> may = isGateway || config.join().isEmpty() ? Future.succeededFuture() : peers.awaitOne();
        return may.compose(v -> clustered.buildClustered())
                .recover(problem -> Future.failedFuture(named(problem, bindHost, config.busPort())))
                .onSuccess(vertx -> watchForSplitBrain(vertx, manager, peers, lost))
                .map(vertx -> new Cluster(
                        vertx,
                        new HostPort(bindHost, manager.self().getAddress().getPort()),
                        new HazelcastMemory(vertx, manager.hazelcast())));
    }

    private static void watchForSplitBrain(
            Vertx vertx, MemberClusterManager manager, Peers peers, Consumer<String> lost) {
        Neighbours neighbours = new Neighbours(vertx, peers, manager.self().getSocketAddress());
        new SplitBrainWatchdog(
                        () -> View.of(manager.hazelcast()),
                        neighbours::anyAnswers,
                        (ms, look) -> vertx.setTimer(ms, timer -> look.run()),
                        lost)
                .watch();
    }

    private static EventBusOptions busOptions(ClusterConfig config, String bindHost) {
        EventBusOptions bus = new EventBusOptions()
                .setHost(bindHost)
                .setPort(config.busPort())
                .setConnectTimeout(2500)
                .setReconnectAttempts(1)
                .setReconnectInterval(200)
                // A broken connection is opened again after this time. TCP alone would wait twice as long as the
                // interruption lasted.
                .setClusterPingInterval(1500)
                .setClusterPingReplyInterval(2500);
        if (config.tls().isPresent()) {
            config.tls().get().secure(bus);
        }
        return bus;
    }

    /** Among a node's ports, only the error of the bus's port does not name the port number. */
    private static Throwable named(Throwable problem, String bindHost, int busPort) {
        return problem instanceof BindException
                ? new IOException(
                        "bus-port %d of %s cannot be listened on: %s"
                                .formatted(busPort, bindHost, problem.getMessage()),
                        problem)
                : problem;
    }

    /**
     * The address at which this node is reached: the configured one, the one that leads to the first node to join, or
     * loopback.
     */
    static String bindHost(ClusterConfig config) throws IOException {
        if (config.bind().isPresent()) {
            return resolve("bind", config.bind().get().host()).getHostAddress();
        }
        if (config.join().isEmpty()) {
            return InetAddress.getLoopbackAddress().getHostAddress();
        }
        InetAddress peer = resolve("join", config.join().get(0).host());
        try (DatagramSocket socket = new DatagramSocket()) {
            // This sends nothing. It asks the routing table.
            socket.connect(new InetSocketAddress(peer, ClusterConfig.FIRST_PORT));
            return socket.getLocalAddress().getHostAddress();
        }
    }

    /** Hazelcast would log pages of stack traces for an address of another machine. */
    private static void requireLocal(String bindHost) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(bindHost, 0));
        } catch (BindException e) {
            throw new IOException(
                    "bind: %s is not an address of this machine: %s".formatted(bindHost, e.getMessage()), e);
        }
    }

    private static InetAddress resolve(String setting, String host) throws IOException {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new IOException("%s: no host \"%s\" is known".formatted(setting, host), e);
        }
    }
}

package dev.weir.cli;

import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.HostPort;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a process finds the others of its cluster. */
final class ClusterOptions {

    @Option(
            names = "--join",
            paramLabel = "HOST[:PORT]",
            split = ",",
            description =
                    "Nodes of the cluster to join. One running node is enough. A name may have several addresses.")
    private List<String> join = List.of();

    @Option(
            names = "--bind",
            paramLabel = "ADDR[:PORT]",
            description =
                    "The address at which other nodes reach this one. Default: the address that leads to the first "
                            + "node of --join, port 5701 or the next free one.")
    private String bind;

    @Option(
            names = "--bus-port",
            paramLabel = "PORT",
            description = "The port of the event bus, for firewalls. Default: any free one.")
    private int busPort = 0;

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            description = "The cluster's name. Nodes with other names are ignored. Default: ${DEFAULT-VALUE}.")
    private String name = ClusterConfig.DEFAULT_NAME;

    @Option(
            names = "--lite",
            description = "Hold no cluster data, so that a start or stop moves none. For large fleets with several "
                    + "gateways: jobs are lost when the last node that is not lite leaves.")
    private boolean lite;

    @Option(
            names = "--quorum",
            paramLabel = "N",
            description = "Record jobs only while this many data nodes see each other, so that at most one part of a "
                    + "partitioned cluster does. The same on all nodes. Default: any number.")
    private int quorum = 0;

    @Mixin
    private BusTlsOptions tls;

    boolean isAsked() {
        return !join.isEmpty() || bind != null;
    }

    /** Throws a {@link CliException} that quotes an invalid address. */
    ClusterConfig toConfig() {
        return new ClusterConfig(
                name,
                Optional.ofNullable(bind).map(address -> parse("--bind", address)),
                busPort,
                join.stream().map(address -> parse("--join", address)).toList(),
                lite,
                quorum,
                tls.toConfig());
    }

    private static HostPort parse(String flag, String address) {
        try {
            return HostPort.parse(address);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, flag + ": " + e.getMessage(), e);
        }
    }
}

package dev.weir.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a node finds the others.
 *
 * @param name nodes with other names are ignored, even on the same network
 * @param bind the address at which other nodes reach this node; empty: the address that leads to the first node to
 *     join, or loopback if there is none. With a port, exactly that port is used; without, the first free one from
 *     {@value #FIRST_PORT} on
 * @param busPort the port of the event bus, in addition to the port of {@code bind}; 0: any free one. Set it if a
 *     firewall must know it; then each node needs its own address
 * @param join nodes to join; one running node is enough. A name stands for all of its addresses and is resolved at each
 *     attempt. The default port is {@value #FIRST_PORT} or one of the nine after it
 * @param lite whether the node holds none of the cluster's data. A lite node may leave or die without a data transfer
 * @param quorum how many data nodes must see each other for jobs to be recorded; 0: any number. The same on all nodes
 * @param tls for the event bus; empty: every peer that reaches the bus is trusted, and traffic is not encrypted
 */
public record ClusterConfig(
        String name,
        Optional<HostPort> bind,
        int busPort,
        List<HostPort> join,
        boolean lite,
        int quorum,
        Optional<BusTls> tls) {

    public static final String DEFAULT_NAME = "weir";
    public static final int FIRST_PORT = 5701;
    private static final int MAX_PORT = 65_535;

    public ClusterConfig {
        join = List.copyOf(join);
    }

    /** A configuration without TLS. */
    public ClusterConfig(String name, Optional<HostPort> bind, int busPort, List<HostPort> join, boolean lite) {
        this(name, bind, busPort, join, lite, 0, Optional.empty());
    }

    public ClusterConfig with(BusTls busTls) {
        return new ClusterConfig(name, bind, busPort, join, lite, quorum, Optional.of(busTls));
    }

    public ClusterConfig withQuorum(int dataNodes) {
        return new ClusterConfig(name, bind, busPort, join, lite, dataNodes, tls);
    }

    List<String> problems(boolean hasGateway) {
        List<String> problems = new ArrayList<>();
        if (name.isBlank()) {
            problems.add("cluster: the name is empty");
        }
        if (busPort < 0 || busPort > MAX_PORT) {
            problems.add("bus-port: %d is not within 0 and %d".formatted(busPort, MAX_PORT));
        }
        if (quorum < 0) {
            problems.add("quorum: %d is below 0".formatted(quorum));
        }
        if (lite && join.isEmpty()) {
            problems.add("lite: a node that holds no data needs others to join");
        }
        if (lite && hasGateway) {
            problems.add("lite: a gateway holds the cluster's data, and cannot be lite");
        }
        tls.ifPresent(files -> problems.addAll(files.problems()));
        return problems;
    }
}

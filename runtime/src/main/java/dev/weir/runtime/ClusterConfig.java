package dev.weir.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a node finds the others.
 *
 * @param name nodes of other names are strangers, though they share a network
 * @param bind where this node is reached by others; empty: the address that leads to the first of those to join, or loopback
 *     where there is none. With a port, that port or none; without, the first free one from {@value #FIRST_PORT} on
 * @param busPort where others send this node its work, beside the port of {@code bind}; 0: any free one. Fixed where a firewall is to
 *     know it, which takes an address a node
 * @param join nodes to be asked; one that is up is enough. A name stands for all of its addresses, as they are at each look. A port that is not given is {@value #FIRST_PORT} or one of the nine after it
 * @param lite holds none of the cluster's data: to leave or die costs nothing then, and to start needs a node that does hold
 * @param quorum so many nodes that hold data must see each other for jobs to be recorded; 0: any number. The same on all nodes
 * @param tls of the event bus; empty: whoever reaches the bus is believed, and whoever sees it can read along
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

    /** On a bus without TLS. */
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

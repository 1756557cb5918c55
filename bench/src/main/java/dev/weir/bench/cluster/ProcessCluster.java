package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.runtime.Role;
import dev.weir.testing.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * A cluster of real processes, each with one role: small heaps and one thread per forward pass, so that two cores can
 * host it. Any thread may ask for members. A caller that stops one also restarts it.
 */
public final class ProcessCluster implements AutoCloseable {

    private static final String HEAP = "192m";

    private final String name;
    private final List<String> addresses;
    private final List<Member> members;

    private ProcessCluster(String name, List<String> addresses, List<Member> members) {
        this.name = name;
        this.addresses = List.copyOf(addresses);
        this.members = List.copyOf(members);
    }

    /**
     * The composition of a cluster.
     *
     * @param counts nodes by role; every gateway knows all others
     * @param flags further command-line flags, by role
     */
    public record Layout(Map<Role, Integer> counts, Map<Role, List<String>> flags) {

        public Layout {
            counts = Map.copyOf(counts);
            flags = Map.copyOf(flags);
        }

        int count(Role role) {
            return counts.getOrDefault(role, 0);
        }
    }

    /** Returns when every node is ready. @param hosts one for each node */
    public static ProcessCluster start(Layout layout, Supplier<? extends Host> hosts) {
        ProcessCluster cluster = of(layout, hosts);
        try {
            // The others join it, because separate clusters would have to merge.
            Member first = cluster.members.get(0);
            first.start();
            first.awaitReady();
            List<Member> others = cluster.members.subList(1, cluster.members.size());
            others.forEach(Member::start);
            others.forEach(Member::awaitReady);
            return cluster;
        } catch (RuntimeException | AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    private static ProcessCluster of(Layout layout, Supplier<? extends Host> hosts) {
        String name = "bench-" + UUID.randomUUID();
        List<Host> gateways = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (int i = 0; i < layout.count(Role.GATEWAY); i++) {
            gateways.add(hosts.get());
            addresses.add(gateways.get(i).address() + ":" + freePort());
        }
        List<Member> members = new ArrayList<>();
        for (Role role : Role.values()) {
            for (int i = 0; i < layout.count(role); i++) {
                boolean isGateway = role == Role.GATEWAY;
                Host host = isGateway ? gateways.get(i) : hosts.get();
                List<String> arguments = new ArrayList<>(
                        List.of("node", role.toString(), "--cluster", name, "--host", host.address(), "--port"));
                arguments.add(String.valueOf(isGateway ? freePort() : 0));
                List<String> join = new ArrayList<>(addresses);
                if (isGateway) {
                    arguments.addAll(List.of("--bind", join.remove(i)));
                } else {
                    arguments.addAll(List.of("--threads", "1"));
                }
                if (!join.isEmpty()) {
                    arguments.addAll(List.of("--join", String.join(",", join)));
                }
                arguments.addAll(layout.flags().getOrDefault(role, List.of()));
                members.add(new Member(role + "-" + (i + 1), role, host, Jvm.WEIR.withHeap(HEAP), arguments));
            }
        }
        return new ProcessCluster(name, addresses, members);
    }

    /** The value of {@code --cluster}. */
    public String name() {
        return name;
    }

    /** The gateways' addresses, for nodes that join. */
    public List<String> addresses() {
        return addresses;
    }

    /** Gateways first, then the stages in the order of an image's route. */
    public List<Member> members() {
        return members;
    }

    public List<Member> members(Role role) {
        return members.stream().filter(member -> member.role() == role).toList();
    }

    /** Where clients may ask, whether or not a gateway currently answers there. */
    public List<URI> gateways() {
        return members(Role.GATEWAY).stream().map(Member::url).toList();
    }

    /** No other process is given it, so that a member may be restarted at its port. */
    private static int freePort() {
        try {
            return FreePort.next();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        members.forEach(Member::close);
    }
}

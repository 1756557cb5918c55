package dev.weir.bench.cluster;

import dev.weir.bench.cluster.WeirProcess.Jvm;
import dev.weir.runtime.Role;
import java.net.URI;
import java.util.List;

/** One node of a cluster of processes. It may die and be restarted, at the same address. Any thread. */
public final class Member {

    private static final int MOST_EARLIER_CHARS = 4_000_000;

    private final String name;
    private final Role role;
    private final Host host;
    private final Jvm jvm;
    private final List<String> arguments;
    private final StringBuffer earlier = new StringBuffer();
    private volatile WeirProcess process;
    private volatile URI url;

    Member(String name, Role role, Host host, Jvm jvm, List<String> arguments) {
        this.name = name;
        this.role = role;
        this.host = host;
        this.jvm = jvm.within(host.wrapper());
        this.arguments = List.copyOf(arguments);
    }

    public Role role() {
        return role;
    }

    public Host host() {
        return host;
    }

    /** The process that runs, or ran last. */
    public WeirProcess process() {
        return process;
    }

    /** Its HTTP address, once it was ready. */
    public URI url() {
        return url;
    }

    /** Starts or restarts it, without waiting until it is ready. */
    public void start() {
        if (process != null) {
            earlier.append(process.transcript()).append("\n(started anew)\n");
            earlier.delete(0, Math.max(0, earlier.length() - MOST_EARLIER_CHARS));
        }
        process = WeirProcess.start(jvm, arguments);
    }

    public void awaitReady() {
        url = URI.create(process.awaitReady());
    }

    /** The newest output of all its processes. */
    public String transcript() {
        return earlier + process.transcript();
    }

    void close() {
        if (process != null) {
            process.close();
        }
    }

    @Override
    public String toString() {
        return name;
    }
}

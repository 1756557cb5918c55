package dev.weir.runtime.route;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * The live nodes: the newest status by name, each valid for the length of a lease, and only while its sender is a
 * member of the cluster. The cluster notices the end of a process by its closed connections, long before its lease
 * expires. It does not use the bus; one thread only.
 *
 * <p>If the table itself was not swept for half a lease or more, its own process stood still. Then every lease starts
 * anew, so that a process that stood still does not declare others dead. Those that its view of the cluster lost
 * meanwhile are lost all the same, and are back when it has rejoined.
 */
public final class LeaseTable<T> {

    /**
     * How to read a status.
     *
     * @param name of the sender
     * @param sequence increases with every status of one sender
     * @param gone whether it is the last status of its sender
     * @param member the sender's name in the cluster; empty if there is none
     */
    public record Reading<T>(
            Function<T, String> name, ToLongFunction<T> sequence, Predicate<T> gone, Function<T, String> member) {}

    private final Reading<T> reading;
    private final long leaseNanos;
    private final LongSupplier nanoClock;
    private final Predicate<String> isMember;
    private final Map<String, Lease<T>> leases = new HashMap<>();
    private long sweptNanos;

    /** @param isMember whether a node with that name is in the cluster */
    public LeaseTable(Reading<T> reading, long leaseNanos, LongSupplier nanoClock, Predicate<String> isMember) {
        this.reading = reading;
        this.leaseNanos = leaseNanos;
        this.nanoClock = nanoClock;
        this.isMember = isMember;
        this.sweptNanos = nanoClock.getAsLong();
    }

    /** Whether the sender is in the cluster. If not, no answer would reach it: it was partitioned and has not rejoined. */
    public boolean admits(T status) {
        String member = reading.member.apply(status);
        return member.isEmpty() || isMember.test(member);
    }

    /** Accepts a status unless a newer one is known. Returns it if it is the last of its sender. */
    public Optional<T> hear(T status) {
        String name = reading.name.apply(status);
        Lease<T> known = leases.get(name);
        if (known != null && reading.sequence.applyAsLong(known.status) >= reading.sequence.applyAsLong(status)) {
            return Optional.empty();
        }
        if (reading.gone.test(status)) {
            leases.remove(name);
            return Optional.of(status);
        }
        leases.put(name, new Lease<>(status, nanoClock.getAsLong()));
        return Optional.empty();
    }

    /** Removes and returns the statuses whose lease has expired, or whose sender has left the cluster. */
    public List<T> sweep() {
        long now = nanoClock.getAsLong();
        boolean slept = now - sweptNanos >= leaseNanos / 2;
        sweptNanos = now;
        if (slept) {
            leases.replaceAll((name, lease) -> new Lease<>(lease.status, now));
            return List.of();
        }
        List<T> lapsed = new ArrayList<>();
        for (Iterator<Lease<T>> all = leases.values().iterator(); all.hasNext(); ) {
            Lease<T> lease = all.next();
            if (now - lease.heardNanos > leaseNanos || !admits(lease.status)) {
                lapsed.add(lease.status);
                all.remove();
            }
        }
        return lapsed;
    }

    public List<T> alive() {
        List<T> alive = new ArrayList<>(leases.size()); // Asked for with every status of every node.
        leases.values().forEach(lease -> alive.add(lease.status));
        return Collections.unmodifiableList(alive);
    }

    public boolean isEmpty() {
        return leases.isEmpty();
    }

    private record Lease<T>(T status, long heardNanos) {}
}

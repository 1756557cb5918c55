package dev.weir.runtime.route;

import dev.weir.proto.v1.NodeStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Who is alive: the newest status by address, each good for the length of a lease. Knows no bus; one thread only.
 *
 * <p>Where the table itself was not swept for half a lease or more, it was its own process that stood still, and every lease
 * starts anew: who sleeps does not bury others.
 */
final class LeaseTable {

    private final long leaseNanos;
    private final LongSupplier nanoClock;
    private final Map<String, Lease> leases = new HashMap<>();
    private long sweptNanos;

    LeaseTable(long leaseNanos, LongSupplier nanoClock) {
        this.leaseNanos = leaseNanos;
        this.nanoClock = nanoClock;
        this.sweptNanos = nanoClock.getAsLong();
    }

    /** Takes a status in, unless a newer one is known. Returns it where it is the stage's goodbye. */
    Optional<NodeStatus> hear(NodeStatus status) {
        Lease known = leases.get(status.getAddress());
        if (known != null && known.status.getSequence() >= status.getSequence()) {
            return Optional.empty();
        }
        if (status.getGone()) {
            leases.remove(status.getAddress());
            return Optional.of(status);
        }
        leases.put(status.getAddress(), new Lease(status, nanoClock.getAsLong()));
        return Optional.empty();
    }

    /** Removes and returns those whose lease lapsed. */
    List<NodeStatus> sweep() {
        long now = nanoClock.getAsLong();
        boolean slept = now - sweptNanos >= leaseNanos / 2;
        sweptNanos = now;
        if (slept) {
            leases.replaceAll((address, lease) -> new Lease(lease.status, now));
            return List.of();
        }
        List<NodeStatus> lapsed = new ArrayList<>();
        for (Iterator<Lease> all = leases.values().iterator(); all.hasNext(); ) {
            Lease lease = all.next();
            if (now - lease.heardNanos > leaseNanos) {
                lapsed.add(lease.status);
                all.remove();
            }
        }
        return lapsed;
    }

    List<NodeStatus> alive() {
        return leases.values().stream().map(Lease::status).toList();
    }

    private record Lease(NodeStatus status, long heardNanos) {}
}

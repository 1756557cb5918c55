package dev.weir.runtime.route;

import java.util.ArrayList;
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
 * Who is alive: the newest status by name, each good for the length of a lease. Knows no bus; one thread only.
 *
 * <p>Where the table itself was not swept for half a lease or more, it was its own process that stood still, and every lease
 * starts anew: who sleeps does not bury others.
 */
public final class LeaseTable<T> {

    /**
     * How a status is read.
     *
     * @param name whose it is
     * @param sequence rises with every status of one name
     * @param gone whether it is a goodbye
     */
    public record Reading<T>(Function<T, String> name, ToLongFunction<T> sequence, Predicate<T> gone) {}

    private final Reading<T> reading;
    private final long leaseNanos;
    private final LongSupplier nanoClock;
    private final Map<String, Lease<T>> leases = new HashMap<>();
    private long sweptNanos;

    public LeaseTable(Reading<T> reading, long leaseNanos, LongSupplier nanoClock) {
        this.reading = reading;
        this.leaseNanos = leaseNanos;
        this.nanoClock = nanoClock;
        this.sweptNanos = nanoClock.getAsLong();
    }

    /** Takes a status in, unless a newer one is known. Returns it where it is a goodbye. */
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

    /** Removes and returns those whose lease lapsed. */
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
            if (now - lease.heardNanos > leaseNanos) {
                lapsed.add(lease.status);
                all.remove();
            }
        }
        return lapsed;
    }

    public List<T> alive() {
        return leases.values().stream().map(lease -> lease.status).toList();
    }

    private record Lease<T>(T status, long heardNanos) {}
}

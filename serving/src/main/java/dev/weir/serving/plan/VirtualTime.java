package dev.weir.serving.plan;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * How much of the device each flow had, for start-time fair queueing (Goyal, Vin and Cheng 1996): who comes, or comes
 * back, starts level with the least served of those that are there, so nobody saves up a claim by staying away; and what
 * somebody had beyond that is remembered, so nobody sheds it by leaving for a moment. Immutable.
 *
 * @param <F> what shares the device, as users do
 */
final class VirtualTime<F> {

    private final Map<F, Double> used;
    private final double floor;

    private VirtualTime(Map<F, Double> used, double floor) {
        this.used = used;
        this.floor = floor;
    }

    static <F> VirtualTime<F> start() {
        return new VirtualTime<>(Map.of(), 0);
    }

    /** Seconds, to be compared with other flows' alone. */
    double used(F flow) {
        return Math.max(floor, used.getOrDefault(flow, floor));
    }

    /** @param active the flows that had something to do, those charged among them */
    VirtualTime<F> after(Set<F> active, Map<F, Double> charges) {
        Map<F, Double> next = new HashMap<>(used);
        double least = Double.POSITIVE_INFINITY;
        for (F flow : active) {
            double time = used(flow) + charges.getOrDefault(flow, 0.0);
            next.put(flow, time);
            least = Math.min(least, time);
        }
        double level = active.isEmpty() ? floor : least;
        next.entrySet().removeIf(entry -> entry.getValue() <= level && !active.contains(entry.getKey()));
        return new VirtualTime<>(next, level);
    }
}

package dev.weir.serving.plan;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Device time of each flow, for start-time fair queueing (Goyal, Vin and Cheng 1996). A flow that arrives or returns
 * starts level with the least served active flow, so nobody saves up a claim by staying away. A flow's excess is
 * remembered, so nobody loses it by leaving for a moment. Immutable.
 *
 * @param <F> what shares the device, such as users
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

    /** In seconds; only comparable with other flows. */
    double used(F flow) {
        return Math.max(floor, used.getOrDefault(flow, floor));
    }

    /** @param active the flows with work, including the charged ones */
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

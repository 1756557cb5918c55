package dev.weir.gateway.job;

import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * The waits for which jobs were refused a moment ago. A gateway that is full refuses many equal requests, and a forecast looks at
 * everything in flight. A job that is accepted is always forecast anew. Event loop of {@link Jobs}.
 */
final class RefusedWaits {

    /** Nodes and gateways tell how they are as often. */
    private static final long KEPT_MS = 500;

    /** What the forecast depends on. */
    private record Asked(Demand demand, int samples) {}

    private final Map<Asked, Double> waits = new HashMap<>();
    private long sinceMs;

    /** @param limit a wait is remembered if it is longer */
    double of(JobSpec spec, long nowMs, DoubleSupplier forecast, double limit) {
        if (nowMs - sinceMs >= KEPT_MS) {
            waits.clear();
            sinceMs = nowMs;
        }
        Asked asked = new Asked(Demand.of(spec, 0).get(0), spec.samples());
        Double known = waits.get(asked);
        if (known != null) {
            return known;
        }
        double wait = forecast.getAsDouble();
        if (wait > limit) {
            waits.put(asked, wait);
        }
        return wait;
    }
}

package dev.weir.gateway.job;

import java.util.HashMap;
import java.util.Map;

/**
 * By how much samples take longer than is forecast from forward passes alone: what lies between the passes, and what else the
 * machines do. Learned by model from those that are done. Event loop of {@link Jobs}.
 */
final class Calibration {

    /** Weight of the newest sample. */
    private static final double NEWEST = 0.2;

    private static final double LEAST = 0.5;
    private static final double MOST = 20;
    /** A forecast as short as this says nothing. */
    private static final double SHORTEST_SECONDS = 0.2;

    private final Map<String, Double> factors = new HashMap<>();

    double calibrated(String model, double seconds) {
        return seconds * factors.getOrDefault(model, 1.0);
    }

    /**
     * @param told the seconds that it was told to take, calibrated
     * @param took the seconds that it took since then
     */
    void learn(String model, double told, double took) {
        if (told >= SHORTEST_SECONDS) {
            double factor = factors.getOrDefault(model, 1.0) * Math.pow(took / told, NEWEST);
            factors.put(model, Math.max(LEAST, Math.min(MOST, factor)));
        }
    }
}

package dev.weir.runtime.stage;

import java.util.Map;

/**
 * The load of a stage that measures its forward passes. Immutable.
 *
 * @param backlogSeconds until everything that it holds is done
 * @param roundSeconds until each held sample has made one step
 * @param rows of the network, for all held samples
 * @param rowSeconds by model: seconds per row of a full forward pass at the model's native size, which states the
 *     device's speed
 * @param pace by model
 */
public record Load(
        double backlogSeconds,
        double roundSeconds,
        int rows,
        Map<String, Double> rowSeconds,
        Map<String, ForwardPace> pace) {

    /** The load of a stage that is not open yet. */
    public static final Load NONE = new Load(0, 0, 0, Map.of(), Map.of());

    public Load {
        rowSeconds = Map.copyOf(rowSeconds);
        pace = Map.copyOf(pace);
    }
}

package dev.weir.runtime.stage;

import java.util.Map;

/**
 * How busy a stage is that measures its forwards. Immutable.
 *
 * @param backlogSeconds until all that it holds is through
 * @param roundSeconds until each sample that it holds has made one step
 * @param rows of the network, for all that it holds
 * @param rowSeconds by model, of a full forward at the model's native size, for each of its rows: how fast the device is
 */
public record Load(double backlogSeconds, double roundSeconds, int rows, Map<String, Double> rowSeconds) {

    /** Of a stage that is not open yet. */
    public static final Load NONE = new Load(0, 0, 0, Map.of());

    public Load {
        rowSeconds = Map.copyOf(rowSeconds);
    }
}

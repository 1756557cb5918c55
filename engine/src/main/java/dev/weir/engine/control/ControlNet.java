package dev.weir.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import dev.weir.engine.ModelException;
import dev.weir.engine.weights.Weights;
import java.nio.file.Path;

/**
 * A ControlNet or T2I-Adapter that fits a model. Its weights stay mapped, and are loaded when a row needs them. Two are equal if they hold the same.
 * Immutable; any thread.
 */
public final class ControlNet {

    private final String name;
    private final String fingerprint;
    private final Path place;
    private final JsonNode config;
    private final Weights weights;
    private final boolean isT2iAdapter;
    private final boolean isPooled;

    /**
     * @param fingerprint a digest of the configuration and the weights
     * @param place of its folder or file
     */
    ControlNet(String name, String fingerprint, Path place, JsonNode config, Weights weights) {
        this.name = name;
        this.fingerprint = fingerprint;
        this.place = place;
        this.config = config;
        this.weights = weights;
        // Asked for each row and step.
        this.isT2iAdapter = config.path("_class_name").asText().equals(T2iAdapterFile.CLASS);
        this.isPooled = config.path("global_pool_conditions").asBoolean();
    }

    public String name() {
        return name;
    }

    /** A digest that differs if another net of the name holds something else. */
    public String fingerprint() {
        return fingerprint;
    }

    public JsonNode config() {
        return config;
    }

    /** Reading them throws {@link ModelException} that names the file if somebody has changed it. */
    public Weights weights() {
        return weights;
    }

    /** The place of its weights, for messages. */
    public String place() {
        return place.toString();
    }

    /** Whether it sees the picture alone, and so steers all steps alike. */
    public boolean isT2iAdapter() {
        return isT2iAdapter;
    }

    /** Whether its results are means over all places, which steer the prompt's branch alone. */
    boolean isPooled() {
        return isPooled;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ControlNet net && fingerprint.equals(net.fingerprint) && name.equals(net.name);
    }

    @Override
    public int hashCode() {
        return fingerprint.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}

package dev.weir.engine.adapter;

import dev.weir.engine.ModelException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A LoRA file that fits a model: which layers of which parts it changes. The file is opened again when a bank takes its numbers, so
 * that many files take little memory. Two are equal if their files hold the same. Immutable; any thread.
 */
public final class Lora {

    private final String name;
    private final String fingerprint;
    private final FileState file;
    private final AdaptedParts model;
    private final Map<String, Set<String>> layers;
    private final String warning;

    /**
     * @param layers that it changes of each part
     * @param warning that some layers of the file change nothing; empty if all do
     */
    Lora(
            String name,
            String fingerprint,
            FileState file,
            AdaptedParts model,
            Map<String, Set<String>> layers,
            String warning) {
        this.name = name;
        this.fingerprint = fingerprint;
        this.file = file;
        this.model = model;
        this.layers = Map.copyOf(layers);
        this.warning = warning;
    }

    public String name() {
        return name;
    }

    /** A digest that differs if another file of the name holds something else. */
    public String fingerprint() {
        return fingerprint;
    }

    /** The layers that it changes of a part; none where it does not change the part. */
    public Set<String> layers(String part) {
        return layers.getOrDefault(part, Set.of());
    }

    /** Says how many layers of the file change nothing and why, with some of them; empty if all do. */
    public String warning() {
        return warning;
    }

    public boolean changes(String part) {
        return layers.containsKey(part);
    }

    /** Reads the changes of a part. Throws {@link ModelException} that names the file if it cannot be read, or was changed. */
    public Map<String, LowRank> read(String part) {
        file.requireUnchanged();
        Map<String, LowRank> changes = new LinkedHashMap<>();
        try {
            LoraFile.changes(file.path(), model)
                    .getOrDefault(part, Map.of())
                    .forEach((layer, change) -> changes.put(layer, change.read()));
        } catch (ModelException e) {
            throw e.in(file.path());
        } catch (InternalError e) {
            // The file became shorter while it is mapped.
            throw file.changed(e);
        }
        file.requireUnchanged();
        return changes;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Lora lora && fingerprint.equals(lora.fingerprint) && name.equals(lora.name);
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

package dev.weir.engine.adapter;

import dev.weir.engine.weights.OpenedFiles;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which LoRA files fit one model. {@link LoraFolders} updates it; any thread reads it. */
public final class ModelLoras {

    public static final ModelLoras NONE = new ModelLoras("", new AdaptedParts("", List.of(), Map.of()));

    private static final Logger LOG = LoggerFactory.getLogger(ModelLoras.class);

    /**
     * What the model has at one time. Immutable.
     *
     * @param loras by name
     * @param refused why files do not fit, by name
     */
    public record Offer(Map<String, Lora> loras, Map<String, String> refused) {

        static final Offer NONE = new Offer(Map.of(), Map.of());

        public Offer {
            loras = Map.copyOf(loras);
            refused = Map.copyOf(refused);
        }
    }

    private final String model;
    private final AdaptedParts parts;
    private final OpenedFiles<FileState, Lora> files = new OpenedFiles<>();
    private volatile Offer offer = Offer.NONE;

    ModelLoras(String model, AdaptedParts parts) {
        this.model = model;
        this.parts = parts;
    }

    /** The same object until something changes. */
    public Offer offer() {
        return offer;
    }

    /** Those that fit now, by name. */
    public Map<String, Lora> byName() {
        return offer.loras();
    }

    /** Opens those that are new or were changed. Says in the log why files do not fit. */
    synchronized void update(Map<String, FileState> now) {
        Map<String, Lora> loras =
                files.update(now, this::open, e -> LOG.warn("not a LoRA of the model {}: {}", model, e.getMessage()));
        Map<String, String> refused = new HashMap<>();
        files.problems()
                .forEach((name, problem) ->
                        refused.put(name, problem.replace(now.get(name).path() + ": ", "")));
        offer = new Offer(loras, refused);
    }

    private Lora open(String name, FileState file) {
        var opened = LoraFile.open(file, name, parts);
        if (!opened.unknown().isEmpty()) {
            LOG.warn(
                    "{} for the model {}: {}", file.path(), model, opened.lora().warning());
        }
        return opened.lora();
    }
}

package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of each model that one stage runs. A model that does not load, or fails its first use, is reported with the
 * reason and removes only itself from routing. Immutable once opened: any thread may query it; only the device thread
 * uses the parts.
 *
 * @param <T> the part, such as a denoiser
 */
public final class ServedModels<T extends AutoCloseable> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServedModels.class);

    private final Map<String, T> parts;
    private final List<ModelStatus> statuses;

    private ServedModels(Map<String, T> parts, List<ModelStatus> statuses) {
        this.parts = parts;
        this.statuses = List.copyOf(statuses);
    }

    /**
     * Opens one part of each model and tries it. Throws ModelException if none works.
     *
     * @param trial a first use, which also warms the part up
     */
    public static <T extends AutoCloseable> ServedModels<T> open(
            List<ModelFolder> folders, Function<ModelFolder, T> opener, BiConsumer<ModelFolder, T> trial) {
        Map<String, T> parts = new LinkedHashMap<>();
        List<ModelStatus> statuses = new ArrayList<>();
        for (ModelFolder folder : folders) {
            String id = folder.card().id();
            ModelStatus.Builder status = ModelStatus.newBuilder().setId(id).setCard(Cards.toProto(folder.card()));
            try {
                parts.put(id, opened(folder, opener, trial));
            } catch (RuntimeException | OutOfMemoryError e) {
                LOG.error("model {} does not load: {}", id, e.getMessage());
                status.setProblem(String.valueOf(e.getMessage()));
            }
            statuses.add(status.build());
        }
        // A stage that no model of its node has is idle, not broken.
        if (parts.isEmpty() && !statuses.isEmpty()) {
            throw new ModelException("no model can be served: "
                    + statuses.stream()
                            .map(s -> s.getId() + ": " + s.getProblem())
                            .toList());
        }
        return new ServedModels<>(parts, statuses);
    }

    private static <T extends AutoCloseable> T opened(
            ModelFolder folder, Function<ModelFolder, T> opener, BiConsumer<ModelFolder, T> trial) {
        T part = opener.apply(folder);
        try {
            trial.accept(folder, part);
            return part;
        } catch (RuntimeException | OutOfMemoryError e) {
            close(part);
            throw e;
        }
    }

    public List<ModelStatus> statuses() {
        return statuses;
    }

    public Optional<T> find(String model) {
        return Optional.ofNullable(parts.get(model));
    }

    /** Throws IllegalArgumentException if the model is not served. The stage node has checked this before. */
    public T get(String model) {
        return find(model).orElseThrow(() -> new IllegalArgumentException("model " + model + " is not served here"));
    }

    public Map<String, T> all() {
        return Map.copyOf(parts);
    }

    @Override
    public void close() {
        parts.values().forEach(ServedModels::close);
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.warn("a model did not close", e);
        }
    }
}

package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Failure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of each model that one stage runs. A model that does not load, fails its first use, or is found broken later, is
 * reported with the reason and removes only itself from routing. Any thread may query it; only the device thread uses the
 * parts and removes models.
 *
 * @param <T> the part, such as a denoiser
 */
public final class ServedModels<T extends AutoCloseable> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ServedModels.class);

    private final StageKind stage;
    private final Map<String, T> parts;
    private volatile List<ModelStatus> statuses;

    private ServedModels(StageKind stage, Map<String, T> parts, List<ModelStatus> statuses) {
        this.stage = stage;
        this.parts = new ConcurrentHashMap<>(parts);
        this.statuses = List.copyOf(statuses);
    }

    /**
     * Opens one part of each model that has such a stage, and tries it. Throws ModelException if none works.
     *
     * @param trial a first use, which also warms the part up
     */
    public static <T extends AutoCloseable> ServedModels<T> open(
            StageKind stage,
            List<ModelFolder> folders,
            Function<ModelFolder, T> opener,
            BiConsumer<ModelFolder, T> trial) {
        Map<String, T> parts = new LinkedHashMap<>();
        List<ModelStatus> statuses = new ArrayList<>();
        for (ModelFolder folder : folders) {
            List<String> stages = Cards.stages(folder, stage);
            if (stages.isEmpty()) {
                continue;
            }
            String id = folder.card().id();
            ModelStatus.Builder status = ModelStatus.newBuilder()
                    .setId(id)
                    .setCard(Cards.toProto(folder))
                    .addAllStages(stages);
            try {
                parts.put(id, opened(folder, opener, trial));
                // Now that libtorch has read the weights of this part.
                status.putAllFingerprints(folder.fingerprints());
            } catch (RuntimeException | OutOfMemoryError e) {
                status.setProblem(String.valueOf(e.getMessage()));
            }
            statuses.add(status.build());
        }
        // A stage that no model of its node has is idle, not broken.
        if (parts.isEmpty() && !statuses.isEmpty()) {
            throw new ModelException("the %s can serve no model: %s"
                    .formatted(
                            Addresses.name(stage),
                            String.join(
                                    "; ",
                                    statuses.stream()
                                            .map(s -> s.getId() + ": " + s.getProblem())
                                            .toList())));
        }
        statuses.stream()
                .filter(status -> !status.getProblem().isEmpty())
                .forEach(status -> LOG.error(
                        "the {} cannot serve the model {}: {}",
                        Addresses.name(stage),
                        status.getId(),
                        status.getProblem()));
        return new ServedModels<>(stage, parts, statuses);
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

    /** Why work is not done that was accepted before its model was found broken; empty where the model is served. */
    public Optional<Failure> outage(String model) {
        return parts.containsKey(model) ? Optional.empty() : Optional.of(NotFinite.outOfService(model));
    }

    /**
     * Tries a part whose results were not finite with a test input. Where that gives no finite result either, it is not the
     * request: the model is taken out of the routing until the process starts anew.
     *
     * @param isFinite runs the part and looks at what it gives
     * @return whether the model is out
     */
    public boolean isBroken(String model, Predicate<T> isFinite) {
        T part = get(model);
        if (isFinite(part, isFinite)) {
            return false;
        }
        LOG.error("the {} serves the model {} no more: {}", Addresses.name(stage), model, NotFinite.PROBLEM);
        parts.remove(model);
        statuses = statuses.stream()
                .map(status -> status.getId().equals(model)
                        ? status.toBuilder().setProblem(NotFinite.PROBLEM).build()
                        : status)
                .toList();
        close(part);
        return true;
    }

    /** A test that fails in another way proves nothing. */
    private static <T> boolean isFinite(T part, Predicate<T> test) {
        try {
            return test.test(part);
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.warn("a model whose results were not finite could not be tried again", e);
            return true;
        }
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

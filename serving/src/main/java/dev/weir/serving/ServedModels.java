package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Loading;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The part of each model that one stage runs. A model that does not load, fails its first use, or is found broken later, is
 * reported with the reason and removes only itself from routing. Any thread may query it; only the device thread uses and closes
 * parts. Parts of models that are not named at start are loaded on the loader's thread.
 *
 * @param <T> the part, such as a denoiser
 */
public final class ServedModels<T extends AutoCloseable> implements AutoCloseable, Loading, NodeModels.Holder {

    private static final Logger LOG = LoggerFactory.getLogger(ServedModels.class);
    private static final String FAILS = "its network fails, even with a test input: ";

    private final StageKind stage;
    private final NodeModels models;
    private final Function<ModelFolder, T> opener;
    private final BiConsumer<ModelFolder, T> trial;
    private final Predicate<KnownModel> blanks;
    private final Map<String, LoadedPart<T>> parts = new ConcurrentHashMap<>();
    private volatile Executor device = Runnable::run;
    private volatile List<ModelStatus> statuses = List.of();

    private ServedModels(
            StageKind stage,
            NodeModels models,
            Function<ModelFolder, T> opener,
            BiConsumer<ModelFolder, T> trial,
            Predicate<KnownModel> blanks) {
        this.stage = stage;
        this.models = models;
        this.opener = opener;
        this.trial = trial;
        this.blanks = blanks;
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
        return open(stage, NodeModels.of(folders), opener, trial, trial);
    }

    /** Of a stage that makes no pictures black. */
    public static <T extends AutoCloseable> ServedModels<T> open(
            StageKind stage,
            NodeModels models,
            Function<ModelFolder, T> opener,
            BiConsumer<ModelFolder, T> trial,
            BiConsumer<ModelFolder, T> laterTrial) {
        return open(stage, models, opener, trial, laterTrial, model -> false);
    }

    /**
     * Opens one part of each named model that has such a stage, and tries it. Throws ModelException if none works. Other models are
     * loaded on first use.
     *
     * @param trial a first use, on the device thread, which also warms the part up
     * @param laterTrial the same for other models, on the loader's thread while the device may be busy
     * @param blanks whether the stage makes pictures of a model black that its checker flags
     */
    public static <T extends AutoCloseable> ServedModels<T> open(
            StageKind stage,
            NodeModels models,
            Function<ModelFolder, T> opener,
            BiConsumer<ModelFolder, T> trial,
            BiConsumer<ModelFolder, T> laterTrial,
            Predicate<KnownModel> blanks) {
        var served = new ServedModels<>(stage, models, opener, laterTrial, blanks);
        List<KnownModel> named = models.named().stream()
                .filter(model -> !model.stages(stage).isEmpty())
                .toList();
        named.forEach(model -> served.put(model).load(opener, trial));
        List<LoadedPart<T>> failed = named.stream()
                .map(model -> served.parts.get(model.id()))
                .filter(part -> part.part().isEmpty())
                .toList();
        // A stage that no model of its node has is idle, not broken.
        if (!failed.isEmpty() && failed.size() == named.size()) {
            throw new ModelException("the %s can serve no model: %s"
                    .formatted(
                            Addresses.name(stage),
                            String.join(
                                    "; ",
                                    failed.stream()
                                            .map(part -> part.model().id() + ": " + part.problem())
                                            .toList())));
        }
        failed.forEach(served::tellProblem);
        models.join(served);
        return served;
    }

    private LoadedPart<T> put(KnownModel model) {
        LoadedPart<T> part = new LoadedPart<>(model);
        parts.put(model.id(), part);
        return part;
    }

    private void tellProblem(LoadedPart<T> part) {
        LOG.error(
                "the {} cannot serve the model {}: {}",
                Addresses.name(stage),
                part.model().id(),
                part.problem());
    }

    /** The same object until something changes: it is asked for at each offer. */
    public List<ModelStatus> statuses() {
        models.retryFailed();
        return statuses;
    }

    @Override
    public synchronized void changed() {
        boolean isFirst = models.isFirst(this);
        statuses = models.shown().stream()
                .filter(shown -> !shown.model().stages(stage).isEmpty()
                        || isFirst && shown.model().stages().isEmpty())
                .map(this::status)
                .toList();
    }

    private ModelStatus status(NodeModels.Shown shown) {
        KnownModel model = shown.model();
        Optional<LoadedPart<T>> part =
                Optional.ofNullable(parts.get(model.id())).filter(there -> model.isSame(there.model()));
        ModelStatus.Builder status = ModelStatus.newBuilder()
                .setId(model.id())
                .setProblem(part.map(LoadedPart::problem)
                        .filter(why -> !why.isEmpty())
                        .orElse(model.problem()))
                .addAllStages(model.stages(stage))
                .putAllFingerprints(part.map(LoadedPart::fingerprints).orElse(model.fingerprints()))
                .setUnloaded(part.flatMap(LoadedPart::part).isEmpty())
                .setRemoved(shown.removed())
                .setBlanks(blanks.test(model));
        return model.isUsable() ? status.setCard(model.card().get()).build() : status.build();
    }

    public Optional<T> find(String model) {
        return Optional.ofNullable(parts.get(model)).flatMap(LoadedPart::part);
    }

    /** Throws IllegalArgumentException if the model is not in memory. The stage node has had it loaded before. */
    public T get(String model) {
        return find(model).orElseThrow(() -> new IllegalArgumentException("model " + model + " is not served here"));
    }

    /** Of a model in memory. */
    public Optional<ModelFolder> folder(String model) {
        return Optional.ofNullable(parts.get(model)).flatMap(LoadedPart::folder);
    }

    /** Why work is not done that was accepted before its model was found broken; empty where the model is served. */
    public Optional<Failure> outage(String model) {
        if (find(model).isPresent()) {
            return Optional.empty();
        }
        String problem =
                Optional.ofNullable(parts.get(model)).map(LoadedPart::problem).orElse("");
        return Optional.of(problem.startsWith(FAILS) ? failing(model, problem) : NotFinite.outOfService(model));
    }

    private static Failure failing(String model, String problem) {
        return new Failure(
                "step_failed", "the model %s is not served here any more: %s".formatted(model, problem), true);
    }

    /**
     * Tries a part whose forward failed with a test input. If that fails too, it is not the request: the device is lost, or the
     * model's file. The model is taken out of the routing until the process starts anew, so that work goes to other devices.
     *
     * @param test runs the part
     * @return whether the model is out
     */
    public boolean isLost(String model, Consumer<T> test) {
        try {
            test.accept(get(model));
            return false;
        } catch (RuntimeException e) {
            if (Memory.isExhausted(e)) {
                return false;
            }
            takeOut(model, FAILS + e.getMessage());
            return true;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    private void takeOut(String model, String why) {
        LOG.error("the {} serves the model {} no more: {}", Addresses.name(stage), model, why);
        parts.get(model).close(why);
        changed();
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
        takeOut(model, NotFinite.PROBLEM);
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

    // ---- Models that are loaded on first use

    @Override
    public StageKind kind() {
        return stage;
    }

    @Override
    public void connect(Executor deviceThread) {
        device = deviceThread;
    }

    @Override
    public Use use(Task task) {
        ModelUse use = models.use(task.getModel(), task.getPosition() == 0);
        CompletionStage<?> ready =
                use.room().thenCompose(model -> parts.get(model.id()).loaded());
        return new Use() {
            @Override
            public CompletionStage<?> ready() {
                return ready;
            }

            @Override
            public void close() {
                use.close();
            }
        };
    }

    @Override
    public void load(KnownModel model) {
        LoadedPart<T> part = put(model);
        if (model.stages(stage).isEmpty()) {
            part.skip();
            return;
        }
        models.loader().execute(() -> {
            long begin = System.nanoTime();
            part.load(opener, trial);
            if (part.problem().isEmpty()) {
                long millis = (System.nanoTime() - begin) / 1_000_000;
                LOG.info("the {} has loaded the model {} in {} ms", Addresses.name(stage), model.id(), millis);
            } else {
                tellProblem(part);
                if (part.mayLoadLater()) {
                    models.failed(model);
                }
            }
            changed();
        });
    }

    @Override
    public CompletionStage<?> unload(KnownModel model) {
        LoadedPart<T> part = parts.get(model.id());
        if (part == null) { // The stage opened when the model was already leaving.
            return CompletableFuture.completedStage(null);
        }
        var unloaded = new CompletableFuture<Void>();
        part.loaded()
                .whenComplete((loaded, problem) -> device.execute(() -> {
                    parts.remove(model.id(), part);
                    part.close("");
                    unloaded.complete(null);
                }));
        return unloaded;
    }

    @Override
    public void close() {
        parts.values().forEach(part -> part.close(""));
    }
}

package dev.weir.serving;

import dev.weir.engine.ComputeTarget;
import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import dev.weir.engine.ModelFolders;
import dev.weir.proto.v1.StageKind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models in a folder, which it looks at again and again. A new or replaced file is opened only when it was the same in two looks,
 * because it may still be copied. It reads configurations, headers, and samples of weights. It has a thread of its own, which owns it.
 */
public final class ModelDirectory implements AutoCloseable {

    /** The cards of all models are in each status of a node. */
    static final int MOST_MODELS = 200;

    static final int MOST_BROKEN = 50;

    private static final Logger LOG = LoggerFactory.getLogger(ModelDirectory.class);
    private static final Duration PAUSE = Duration.ofSeconds(2);
    /** How often a long look tells what it has found so far. */
    private static final long TELL_NANOS = 1_000_000_000;

    /** @param isOpened whether it was looked into as it is now; otherwise the model is of an earlier state */
    private record Entry(FolderStamp stamp, boolean isOpened, Optional<KnownModel> model) {}

    private final Path folder;
    private final Function<Path, ModelFolder> opener;
    private final Collection<StageKind> kinds;
    private final ComputeTarget target;
    private final Consumer<List<KnownModel>> listener;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(run -> {
        Thread daemon = new Thread(run, "weir-model-dir");
        daemon.setDaemon(true);
        return daemon;
    });
    private final CountDownLatch looked = new CountDownLatch(1);
    private final Map<Path, Entry> entries = new LinkedHashMap<>();
    private long toldNanos = System.nanoTime();
    private boolean hasChanged;
    private boolean isTooFull;
    private Set<String> said = Set.of();
    private boolean isFirstLook = true;

    /**
     * @param opener opens a model's files
     * @param kinds of the stages of this process
     * @param listener told of all models of the folder when they have changed
     */
    public ModelDirectory(
            Path folder,
            Function<Path, ModelFolder> opener,
            Collection<StageKind> kinds,
            ComputeTarget target,
            Consumer<List<KnownModel>> listener) {
        this.folder = folder;
        this.opener = opener;
        this.kinds = List.copyOf(kinds);
        this.target = target;
        this.listener = listener;
    }

    /** Looks for the first time, and then until it is closed. Waits for the end of the first look, but not for long. */
    public void start(Duration patience) {
        thread.scheduleWithFixedDelay(this::lookSafely, 0, PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        try {
            if (!looked.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.info("still looking into {}: more models may follow", folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void lookSafely() {
        try {
            look();
        } catch (ModelException e) {
            LOG.warn("the models of {} stay as they were: {}", folder, e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.error("{} could not be looked into", folder, e);
        } finally {
            looked.countDown();
        }
    }

    /** One look. At the first one every file is opened as it is. */
    void look() {
        List<Path> paths = ModelFolders.entries(folder);
        hasChanged = entries.keySet().retainAll(Set.copyOf(paths));
        for (Path path : paths) {
            Optional<Entry> before = Optional.ofNullable(entries.get(path));
            put(path, before, next(path, before));
        }
        isFirstLook = false;
        tell();
        List.copyOf(entries.entrySet())
                .forEach(entry ->
                        put(entry.getKey(), Optional.of(entry.getValue()), withFingerprints(entry.getValue())));
        tell();
    }

    private void put(Path path, Optional<Entry> before, Entry now) {
        entries.put(path, now);
        hasChanged |= !now.model.equals(before.flatMap(Entry::model));
        if (System.nanoTime() - toldNanos > TELL_NANOS) {
            tell();
        }
    }

    private Entry next(Path path, Optional<Entry> before) {
        FolderStamp stamp = FolderStamp.of(path);
        boolean isSame = before.filter(entry -> entry.stamp.equals(stamp)).isPresent();
        if (isSame && before.get().isOpened) {
            return before.get();
        }
        return isSame || isFirstLook
                ? new Entry(stamp, true, open(path, stamp))
                : new Entry(stamp, false, before.flatMap(Entry::model));
    }

    /** Empty if it is no model, such as a LoRA. */
    private Optional<KnownModel> open(Path path, FolderStamp stamp) {
        Supplier<ModelFolder> again = () -> {
            stamp.requireUnchanged();
            return opener.apply(path);
        };
        try {
            return ModelFolders.isModel(path)
                    ? Optional.of(KnownModel.of(again.get(), kinds, target, again))
                    : Optional.empty();
        } catch (RuntimeException | InternalError e) { // InternalError: a mapped file became shorter.
            LOG.debug("not served: {}", e.getMessage());
            return Optional.of(KnownModel.broken(ModelFolders.name(path), String.valueOf(e.getMessage())));
        }
    }

    /** After all models are known, because this reads parts of the weights. */
    private Entry withFingerprints(Entry entry) {
        return entry.model
                .filter(model -> model.isUsable() && model.fingerprints().isEmpty() && entry.isOpened)
                .map(model -> new Entry(entry.stamp, true, Optional.of(fingerprinted(model))))
                .orElse(entry);
    }

    private static KnownModel fingerprinted(KnownModel model) {
        try {
            return model.withFingerprints(model.folder().get().fingerprints());
        } catch (ModelException | InternalError e) {
            return model; // The file has just changed: the next look sees it.
        }
    }

    private void tell() {
        toldNanos = System.nanoTime();
        if (!hasChanged) {
            return;
        }
        hasChanged = false;
        Map<String, KnownModel> usable = new LinkedHashMap<>();
        Map<String, KnownModel> broken = new LinkedHashMap<>();
        entries.forEach((path, entry) -> entry.model.ifPresent(model -> {
            if (!model.isUsable()) {
                broken.putIfAbsent(model.id(), model);
            } else if (usable.putIfAbsent(model.id(), model) != null) {
                String name = path.getFileName().toString();
                broken.putIfAbsent(name, KnownModel.broken(name, another(model.id())));
            }
        }));
        if (usable.size() > MOST_MODELS && !isTooFull) {
            LOG.warn("{} has more than {} models: the rest is not served", folder, MOST_MODELS);
            isTooFull = true;
        }
        broken.values().stream()
                .limit(MOST_BROKEN)
                .filter(model -> !said.contains(model.problem()))
                .forEach(model -> LOG.warn("not served: {}", model.problem()));
        said = broken.values().stream().map(KnownModel::problem).collect(Collectors.toSet());
        listener.accept(Stream.concat(
                        usable.values().stream().limit(MOST_MODELS),
                        broken.values().stream().limit(MOST_BROKEN))
                .toList());
    }

    private static String another(String id) {
        return "another model of the folder is called \"%s\" too; give one of them another \"id\" in its weir.json"
                .formatted(id);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}

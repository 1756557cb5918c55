package dev.weir.serving;

import dev.weir.engine.ModelException;
import dev.weir.engine.ModelFolder;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage's part of a model that is in memory or comes into it. One thread loads it; after that the device thread owns it. Any thread
 * may query it.
 */
final class LoadedPart<T extends AutoCloseable> {

    private static final Logger LOG = LoggerFactory.getLogger(LoadedPart.class);

    private final KnownModel model;
    private final CompletableFuture<Void> loaded = new CompletableFuture<>();
    private volatile ModelFolder folder;
    private volatile T part;
    private volatile Map<String, String> fingerprints;
    private volatile String problem = "";
    private volatile boolean mayLoadLater;

    LoadedPart(KnownModel model) {
        this.model = model;
        this.fingerprints = model.fingerprints();
    }

    KnownModel model() {
        return model;
    }

    /** Completes when it is loaded. Fails if it cannot be loaded. */
    CompletionStage<Void> loaded() {
        return loaded;
    }

    /** Empty until it is loaded, and if it has a problem. */
    Optional<T> part() {
        return Optional.ofNullable(part);
    }

    Optional<ModelFolder> folder() {
        return Optional.ofNullable(folder);
    }

    Map<String, String> fingerprints() {
        return fingerprints;
    }

    /** Why it cannot be used, or empty. */
    String problem() {
        return problem;
    }

    /** Whether it did not load for a reason that is not in its files, such as too little memory. */
    boolean mayLoadLater() {
        return mayLoadLater;
    }

    /** Completes whatever goes wrong, also an error of a native library: work waits for it, and so does its unloading. */
    void load(Function<ModelFolder, T> opener, BiConsumer<ModelFolder, T> trial) {
        try {
            folder = model.folder().get();
            T opened = tried(opener, trial);
            // Now that the engine has read the weights of this part.
            fingerprints = folder.fingerprints();
            part = opened;
            loaded.complete(null);
        } catch (Throwable e) {
            mayLoadLater = !(e instanceof ModelException);
            problem = e.getMessage() == null ? e.toString() : e.getMessage();
            loaded.completeExceptionally(new ModelException("the model %s: %s".formatted(model.id(), problem), e));
        }
    }

    private T tried(Function<ModelFolder, T> opener, BiConsumer<ModelFolder, T> trial) {
        T opened = opener.apply(folder);
        try {
            trial.accept(folder, opened);
            return opened;
        } catch (Throwable e) {
            close(opened);
            throw e;
        }
    }

    /** The model has no such stage. */
    void skip() {
        loaded.complete(null);
    }

    /** @param why it was found broken, or empty */
    void close(String why) {
        T closed = part;
        problem = why;
        part = null;
        if (closed != null) {
            close(closed);
        }
    }

    private static void close(AutoCloseable part) {
        try {
            part.close();
        } catch (Exception e) {
            LOG.warn("a model did not close", e);
        }
    }
}

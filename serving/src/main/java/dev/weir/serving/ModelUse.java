package dev.weir.serving;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The use of a model by one task: it waits until the model has its memory, and keeps it there. {@link NodeModels} owns its state. */
final class ModelUse {

    private final NodeModels models;
    private final String id;
    private final boolean begins;
    private final long sinceNanos;
    private final CompletableFuture<KnownModel> room = new CompletableFuture<>();
    private boolean isGranted;
    private boolean isClosed;

    ModelUse(NodeModels models, String id, boolean begins, long sinceNanos) {
        this.models = models;
        this.id = id;
        this.begins = begins;
        this.sinceNanos = sinceNanos;
    }

    String id() {
        return id;
    }

    boolean begins() {
        return begins;
    }

    long sinceNanos() {
        return sinceNanos;
    }

    /** Under the lock of the models. */
    void grant() {
        isGranted = true;
    }

    boolean isGranted() {
        return isGranted;
    }

    /** Outside the lock, when stages have begun to load it. */
    void granted(KnownModel model) {
        room.complete(model);
    }

    void failed(Exception problem) {
        room.completeExceptionally(problem);
    }

    /** Completes when stages have loaded the model or have begun to. */
    CompletionStage<KnownModel> room() {
        return room;
    }

    /** One thread only. */
    void close() {
        if (!isClosed) {
            isClosed = true;
            models.end(this);
        }
    }
}

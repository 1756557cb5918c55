package dev.weir.runtime.stage;

import dev.weir.proto.v1.Task;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/** Brings models into memory for work, and keeps them there while work uses them. Any thread. It admits no work. */
public interface Loading {

    /** Of a stage whose models are all in memory. */
    Loading NONE = new Loading() {
        @Override
        public void connect(Executor device) {
            // There is nothing to unload.
        }

        @Override
        public Use use(Task task) {
            return Use.READY;
        }
    };

    /**
     * Called once, after the stage has opened and before work arrives.
     *
     * @param device runs commands on the device thread, after all that were given before
     */
    void connect(Executor device);

    /** Called for each accepted task. The model of the task stays in memory from when it is ready until the use is closed. */
    Use use(Task task);

    /** The use of a model by one task. */
    interface Use extends AutoCloseable {

        Use READY = new Use() {
            @Override
            public CompletionStage<?> ready() {
                return CompletableFuture.completedStage(null);
            }

            @Override
            public void close() {
                // Nothing is counted.
            }
        };

        /** Completes on any thread when the model is in memory. Fails with the reason why it cannot be loaded. */
        CompletionStage<?> ready();

        /** The device thread may still have the work, but a command to drop it was given before. May be called again. */
        @Override
        void close();
    }
}

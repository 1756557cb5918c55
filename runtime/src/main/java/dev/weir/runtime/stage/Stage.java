package dev.weir.runtime.stage;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * The computation of one stage. The stage node around it has the bus, the credits and the device thread.
 *
 * <p>{@link #open}, {@link #admit}, {@link #snapshot}, {@link #drop}, {@link #turn} and {@link #close} are called only
 * on the node's device thread, so an implementation needs no locks. {@link #refuse} is called on the event loop and
 * must be quick and pure.
 */
public interface Stage {

    StageKind kind();

    /** Loads and warms up everything that it needs. May take seconds. */
    void open();

    /** The served models, and the cards of the usable ones. After {@link #open} a model may still be found broken; any thread. */
    List<ModelStatus> models();

    /** What it computes with. Constant after {@link #open}; any thread. */
    Target target();

    /**
     * How many samples it may hold at once, including waiting ones. A few frames may be held in addition. Constant
     * after {@link #open}; any thread.
     */
    int capacity();

    /** Why this task can never be done here, checked before acceptance. Empty if it can be done. */
    default Optional<String> refuse(Task task) {
        return Optional.empty();
    }

    /** The load, if the stage knows it better than by the mean of its turns. Any thread. */
    default Optional<Load> load() {
        return Optional.empty();
    }

    /**
     * The samples that other nodes should continue so that they finish sooner. On the event loop; quick and without
     * side effects.
     *
     * @param peers live nodes of the same stage
     */
    default List<Move> moves(List<Peer> peers) {
        return List.of();
    }

    /** Admits work with what was prepared for it. Runs on the device thread. */
    interface Admission {

        void admit(Outbox outbox);
    }

    /**
     * Does what the device thread should not wait for, before the work is admitted: asks the cluster's memory, or reads
     * the work's pictures. Only this work waits for it, so it must end within a bounded time. It is called on the event
     * loop, must return at once, and may complete on any thread. Work that was dropped meanwhile is not admitted; then
     * the stage that was returned is cancelled and its result is dropped. If it fails, the work fails.
     */
    default CompletionStage<Admission> prepare(Work work) {
        return CompletableFuture.completedStage(outbox -> admit(work, outbox));
    }

    /** Which of its models are in memory. Any thread, after {@link #open}. */
    default Loading loading() {
        return Loading.NONE;
    }

    /** Admits work that was not prepared. Problems with its tensors are reported to the outbox and not thrown. */
    void admit(Work work, Outbox outbox);

    /**
     * The state of a sample, from which another node can continue. Empty if it made no progress since its arrival.
     *
     * @return called later, on another thread
     */
    default Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return Optional.empty();
    }

    /** Drops a sample, waiting or running, without affecting others. Unknown keys are ignored. */
    void drop(SampleKey key);

    /**
     * One forward pass: selects rows, runs them, and reports the results to the outbox.
     *
     * @return the number of rows; 0 if there is nothing to do until more work is admitted
     */
    int turn(Outbox outbox);

    void close();
}

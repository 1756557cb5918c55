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
 * What one stage computes; the stage node around it has the bus, the credits and the device thread.
 *
 * <p>{@link #open}, {@link #admit}, {@link #snapshot}, {@link #drop}, {@link #turn} and {@link #close} are called on the node's device thread
 * alone, so an implementation needs no locks. {@link #refuse} is called on the event loop and must be quick and pure.
 */
public interface Stage {

    StageKind kind();

    /** Loads what it needs, and warms it up. May take seconds. */
    void open();

    /** The models that it serves, and the cards of those it can use. Constant after {@link #open}; any thread. */
    List<ModelStatus> models();

    /** Device and precision, as {@code cpu bf16}. Constant after {@link #open}; any thread. */
    String target();

    /**
     * How many samples it may hold at once, waiting ones included; a few frames may come on top. Constant after {@link #open};
     * any thread.
     */
    int capacity();

    /** Why this task can never be done here, before it is accepted; empty when it can. */
    default Optional<String> refuse(Task task) {
        return Optional.empty();
    }

    /** How many forwards of the device a task needs, for the backlog: its steps, or 1. */
    default int forwards(Task task) {
        return 1;
    }

    /** How busy it is, where it knows better than by the mean of its turns; any thread. */
    default Optional<Load> load() {
        return Optional.empty();
    }

    /**
     * Which of its samples others should go on with, so that they are done sooner. On the event loop; quick, and it changes nothing.
     *
     * @param peers live nodes of the same stage
     */
    default List<Move> moves(List<Peer> peers) {
        return List.of();
    }

    /**
     * Fetches what may spare the device work, as from the cluster's memory, before the work is admitted; nobody waits for it but
     * the work itself, so it must be over within a bounded time, well or not. On the event loop, and done there.
     */
    default CompletionStage<?> prepare(Work work) {
        return CompletableFuture.completedStage(null);
    }

    /** Takes work in. What is wrong with its tensors is told to the outbox, not thrown. */
    void admit(Work work, Outbox outbox);

    /**
     * Where a sample stands, for another node to go on from; empty where it is no further than when it came.
     *
     * @return called later, on another thread
     */
    default Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return Optional.empty();
    }

    /** Forgets a sample, whether it waits or runs, without touching its neighbours. Unknown keys are fine. */
    void drop(SampleKey key);

    /**
     * One forward: chooses rows, runs them, tells the outbox what came of it.
     *
     * @return how many rows took part; 0 when there is nothing to do until more is admitted
     */
    int turn(Outbox outbox);

    void close();
}

package dev.weir.runtime.stage;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageTiming;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A task that this node has accepted, with its progress. Event loop of its stage node only. */
final class Held {

    enum Phase {
        WAITING,
        RUNNING,
        HANDING_ON
    }

    final Work work;
    private StageTrace trace = StageTrace.NONE;
    private Loading.Use model = Loading.Use.READY;
    private CompletionStage<?> preparation = CompletableFuture.completedStage(null);
    private boolean leaving;
    private final long acceptedNanos;
    private long startedNanos;
    private int forwardsDone;
    private long nextSeq;
    private Phase phase = Phase.WAITING;
    private Snapshot snapshot;

    Held(Work work, long acceptedNanos) {
        this.work = work;
        this.acceptedNanos = acceptedNanos;
        this.forwardsDone = work.resume().map(Checkpoint::getStep).orElse(0);
        this.nextSeq = work.task().getNextSeq();
    }

    void tracedBy(StageTrace stageTrace) {
        trace = stageTrace;
    }

    StageTrace trace() {
        return trace;
    }

    /** The model stays in memory until {@link #release}. */
    void uses(Loading.Use use) {
        model = use;
    }

    boolean waitsForModel() {
        return !model.ready().toCompletableFuture().isDone();
    }

    /** It is cancelled by {@link #release}, unless it is done. */
    void prepares(CompletionStage<?> started) {
        preparation = started;
    }

    /** The device is asked for its state and drops it: it is not admitted any more. */
    void leaves() {
        leaving = true;
    }

    boolean isLeaving() {
        return leaving;
    }

    void release() {
        model.close();
        preparation.toCompletableFuture().cancel(false);
    }

    Phase phase() {
        return phase;
    }

    /** Seconds that it waited. Call it once. */
    double start(long nowNanos) {
        phase = Phase.RUNNING;
        startedNanos = nowNanos;
        return seconds(acceptedNanos, nowNanos);
    }

    void done(int forwardsDone) {
        this.forwardsDone = forwardsDone;
    }

    /** Its newest checkpoint on this node. */
    Optional<Snapshot> snapshot() {
        return Optional.ofNullable(snapshot);
    }

    void keep(Snapshot newest) {
        snapshot = newest;
    }

    void handOn() {
        phase = Phase.HANDING_ON;
    }

    long takeSeq() {
        return nextSeq++;
    }

    long nextSeq() {
        return nextSeq;
    }

    int forwardsLeft() {
        return phase == Phase.HANDING_ON ? 0 : Math.max(1, work.stage().getForwards() - forwardsDone);
    }

    boolean isLate(long nowMs) {
        return work.task().getDeadlineMs() > 0 && nowMs > work.task().getDeadlineMs();
    }

    StageTiming timing(String nodeId, String engine, long nowNanos) {
        long started = phase == Phase.WAITING ? nowNanos : startedNanos;
        return StageTiming.newBuilder()
                .setStage(work.stage().getName())
                .setNode(nodeId)
                .setEngine(engine)
                .setSeconds(seconds(acceptedNanos, nowNanos))
                .setQueuedSeconds(seconds(acceptedNanos, started))
                .build();
    }

    /** An event about it, with the next number. */
    Event.Builder event(StageKind stage, String nodeId) {
        return Event.newBuilder()
                .setRef(work.task().getRef())
                .setSeq(takeSeq())
                .setStage(stage)
                .setPosition(work.task().getPosition())
                .setNode(nodeId);
    }

    private static double seconds(long fromNanos, long toNanos) {
        return (toNanos - fromNanos) / 1e9;
    }
}

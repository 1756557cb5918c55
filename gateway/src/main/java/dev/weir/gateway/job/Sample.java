package dev.weir.gateway.job;

import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Attempt;
import dev.weir.runtime.stage.Snapshot;
import io.opentelemetry.api.trace.Span;
import java.util.Optional;

/**
 * The state of one image of a job: its attempt, its holder, its progress, and its newest checkpoint. Decides which
 * events still count and what has been reported. Event loop of its job's owner. It starts and reports nothing itself.
 */
final class Sample {

    private enum State {
        /** Its owner has yet to look for a node. */
        PAUSED,
        /** Its owner looks for a node. */
        SEARCHING,
        /** Some node has it. */
        HELD
    }

    /** Moves for rebalancing. Each costs the sample a moment. */
    private static final int MOST_MOVES = 3;

    private final int index;
    private Span trace = Span.getInvalid();
    private int attempt = 1;
    private long epoch;
    private long lastSeq = -1;
    private String holder = "";
    private StageKind stage = StageKind.STAGE_KIND_UNSPECIFIED;
    private State state = State.PAUSED;
    private long heardMs;
    private long listedMs;
    private int step;
    private int frameStep;
    private int reached;
    private int moves;
    private String destination = "";
    private Strikes strikes = Strikes.NONE;
    private Snapshot checkpoint;
    private Generation generation;
    private int missedFiles;
    private boolean started;
    /** Where on the route it was told last that a model is loaded for it; -1: nowhere in this attempt. */
    private int loadingAt = -1;

    private JobEvent.Queued lastQueued;
    private long queuedMs;
    private boolean ended;
    private boolean completed;

    Sample(int index, long nowMs) {
        this.index = index;
        this.heardMs = nowMs;
    }

    int index() {
        return index;
    }

    void tracedBy(Span span) {
        trace = span;
    }

    /** From its submission to its end. Does nothing if nothing is traced. */
    Span trace() {
        return trace;
    }

    int attempt() {
        return attempt;
    }

    /** With its epoch, as stages know it. */
    Attempt current() {
        return new Attempt(epoch, attempt);
    }

    StageKind stage() {
        return stage;
    }

    String holder() {
        return holder;
    }

    /** The largest reported step over the whole route. A restart does not reduce it. */
    int step() {
        return step;
    }

    /** Where its next attempt continues; empty: at the start of the route. */
    Optional<Snapshot> checkpoint() {
        return Optional.ofNullable(checkpoint);
    }

    /** Forgets its checkpoint: its next attempt begins at the start of the route. */
    void beginAnew() {
        checkpoint = null;
    }

    /** What it is generated from, where that is not as its job says any more. */
    Optional<Generation> generation() {
        return Optional.ofNullable(generation);
    }

    /** From now on it is generated with these files. */
    void takes(Generation newest) {
        generation = newest;
    }

    /** A node could not use a file that it names. @return how often that has happened */
    int missedFile() {
        return ++missedFiles;
    }

    Strikes strikes() {
        return strikes;
    }

    /** It was lost, or failed at its current holder. */
    void strike() {
        strikes = strikes.and(holder, reached);
    }

    /** Consecutive losses and failures without progress. */
    int danger() {
        return strikes.count(reached);
    }

    /** Whether the node with this id is among those of the strikes that still count. */
    boolean wasStruckAt(String node) {
        return danger() > 0 && strikes.nodes().contains(node);
    }

    /** Whether it must stay where it is. A sample that may have crashed a node is not moved without need. */
    boolean stays() {
        return moves >= MOST_MOVES || danger() > 0;
    }

    /** The address of the node that should continue it; empty: any. */
    String destination() {
        return destination;
    }

    boolean started() {
        return started;
    }

    /** Whether it has not begun. */
    boolean waits() {
        return !started && !ended;
    }

    /** Whether it waits, and its job is on its way. */
    boolean isQueued() {
        return waits() && (lastQueued != null || attempt > 1);
    }

    /** What was told of its place in the queue since anything else was; null: nothing. */
    JobEvent.Queued lastQueued() {
        return lastQueued;
    }

    long queuedMs() {
        return queuedMs;
    }

    void queued(JobEvent.Queued told, long nowMs) {
        lastQueued = told;
        queuedMs = nowMs;
    }

    boolean ended() {
        return ended;
    }

    /** How long its holder has been silent; 0 while no node should have it. */
    long silentMs(long nowMs) {
        return state == State.HELD ? nowMs - heardMs : 0;
    }

    /** How long there has been no sign that some node has it; 0 while no node should have it. */
    long missingMs(long nowMs) {
        return state == State.HELD ? nowMs - Math.max(heardMs, listedMs) : 0;
    }

    /** A node states that it has the current attempt. */
    void listed(long nowMs) {
        listedMs = nowMs;
    }

    /** A node is being searched for. Until the search ends, no events are expected. */
    void offered() {
        state = State.SEARCHING;
    }

    /** No node should have it until it is offered. */
    void pause() {
        state = State.PAUSED;
    }

    boolean heldBy(NodeStatus node) {
        return !ended && holder.equals(node.getNodeId()) && stage == node.getStage();
    }

    /**
     * Whether an event is still new. Frames and the last checkpoint of a stage may be overtaken by other events, so for
     * these only the step is compared. A warning may arrive late.
     */
    boolean takes(Event event) {
        if (ended || !Attempt.of(event.getRef()).equals(current())) {
            return false;
        }
        return switch (event.getWhatCase()) {
            case FRAME, CHECKPOINTED, FINISHED, WARNING -> true;
            case WHAT_NOT_SET -> false;
            default -> event.getSeq() > lastSeq;
        };
    }

    /** Records an event that {@link #takes} accepted. */
    void heard(Event event, long nowMs) {
        heardMs = nowMs;
        if (!event.hasFrame() && event.getSeq() > lastSeq) {
            lastSeq = event.getSeq();
            holder = event.getNode();
            stage = event.getStage();
        }
    }

    void acceptedBy(NodeStatus node, long nowMs) {
        state = State.HELD;
        heardMs = nowMs;
        if (holder.isEmpty()) {
            holder = node.getNodeId();
            stage = node.getStage();
        }
    }

    /** @return whether no stage had started it before, in any attempt */
    boolean begin() {
        boolean first = !started;
        started = true;
        return first;
    }

    /** @return whether its attempt had not waited for a model at this position of the route before */
    boolean loadsAt(int position) {
        boolean isNews = loadingAt != position;
        loadingAt = position;
        return isNews;
    }

    /** @return whether no attempt had progressed as far before */
    boolean stepped(int overallStep) {
        boolean further = overallStep > step;
        step = Math.max(step, overallStep);
        return further;
    }

    /** Records the progress in stages and steps. */
    void reached(int stagesAndSteps) {
        reached = Math.max(reached, stagesAndSteps);
    }

    /** @return whether no later frame has been reported */
    boolean showsFrame(int overallStep) {
        if (overallStep <= frameStep) {
            return false;
        }
        frameStep = overallStep;
        return true;
    }

    /** @return whether it is further on than the previous one, and now counts */
    boolean keeps(Snapshot newer) {
        if (checkpoint != null && !newer.isPast(checkpoint)) {
            return false;
        }
        checkpoint = newer;
        return true;
    }

    void adopt(AdoptedJob.AdoptedSample from, long ownersEpoch, long nowMs) {
        attempt = from.attempt();
        epoch = ownersEpoch;
        step = from.step();
        frameStep = from.step();
        started = from.step() > 0;
        checkpoint = from.checkpoint().orElse(null);
        strikes = from.strikes();
        reached = Math.max(0, strikes.reached());
        ended = from.ended();
        heardMs = nowMs;
    }

    /** Another owner has it now. */
    void drop() {
        ended = true;
        checkpoint = null;
    }

    /** @param address of the node that should continue it; empty: any */
    void moveTo(String address) {
        destination = address;
        moves += address.isEmpty() ? 0 : 1;
    }

    /** @param ownersEpoch of the owner that starts the attempt */
    void restart(long ownersEpoch, long nowMs) {
        attempt++;
        epoch = ownersEpoch;
        lastQueued = null;
        loadingAt = -1;
        lastSeq = -1;
        destination = "";
        holder = "";
        stage = StageKind.STAGE_KIND_UNSPECIFIED;
        heardMs = nowMs;
        state = State.PAUSED;
    }

    void end(JobEvent last) {
        ended = true;
        completed = last instanceof JobEvent.Completed;
        checkpoint = null;
    }

    /** Whether some node may still work on it although it has ended. */
    boolean mayHaveStrays() {
        return !completed || attempt > 1 || epoch > 0;
    }
}

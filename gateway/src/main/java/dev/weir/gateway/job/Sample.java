package dev.weir.gateway.job;

import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;

/**
 * Where one picture of a job is: its attempt, who holds it, how far it has come. Decides which events still count. Event
 * loop of its job's owner; starts nothing and tells nobody.
 */
final class Sample {

    private final int index;
    private int attempt = 1;
    private long lastSeq = -1;
    private String holder = "";
    private StageKind stage = StageKind.STAGE_KIND_UNSPECIFIED;
    private long heardMs;
    private int step;
    private int frameStep;
    private boolean offered;
    private boolean started;
    private boolean ended;
    private boolean completed;

    Sample(int index, long nowMs) {
        this.index = index;
        this.heardMs = nowMs;
    }

    int index() {
        return index;
    }

    int attempt() {
        return attempt;
    }

    StageKind stage() {
        return stage;
    }

    String holder() {
        return holder;
    }

    int step() {
        return step;
    }

    boolean started() {
        return started;
    }

    boolean ended() {
        return ended;
    }

    /** How long nothing was heard of it from who should hold it; 0 while a holder is looked for. */
    long silentMs(long nowMs) {
        return offered ? 0 : nowMs - heardMs;
    }

    /** A node is looked for; until it is found, or is not, there is nothing to hear. */
    void offered() {
        offered = true;
    }

    boolean heldBy(NodeStatus node) {
        return !ended && holder.equals(node.getNodeId()) && stage == node.getStage();
    }

    /** Whether an event still says something new. A frame takes a longer way than what overtakes it, so only its step is looked at. */
    boolean takes(Event event) {
        if (ended || event.getRef().getAttempt() != attempt) {
            return false;
        }
        return switch (event.getWhatCase()) {
            case FRAME, FINISHED -> true;
            case WHAT_NOT_SET -> false;
            default -> event.getSeq() > lastSeq;
        };
    }

    /** Notes an event that {@link #takes} let through. */
    void heard(Event event, long nowMs) {
        heardMs = nowMs;
        if (!event.hasFrame()) {
            lastSeq = Math.max(lastSeq, event.getSeq());
            holder = event.getNode();
            stage = event.getStage();
        }
    }

    void acceptedBy(NodeStatus node, long nowMs) {
        offered = false;
        heardMs = nowMs;
        if (holder.isEmpty()) {
            holder = node.getNodeId();
            stage = node.getStage();
        }
    }

    /** @return whether this is the first stage to begin with this attempt */
    boolean begin() {
        boolean first = !started;
        started = true;
        return first;
    }

    void stepped(int overallStep) {
        step = Math.max(step, overallStep);
    }

    /** @return whether no later frame has been shown */
    boolean showsFrame(int overallStep) {
        if (overallStep <= frameStep) {
            return false;
        }
        frameStep = overallStep;
        return true;
    }

    void restart(long nowMs) {
        attempt++;
        lastSeq = -1;
        holder = "";
        stage = StageKind.STAGE_KIND_UNSPECIFIED;
        heardMs = nowMs;
        offered = false;
        step = 0;
        started = false;
    }

    void end(JobEvent last) {
        ended = true;
        completed = last instanceof JobEvent.Completed;
    }

    /** Whether some node may still work for it although it has ended. */
    boolean mayHaveStrays() {
        return !completed || attempt > 1;
    }
}

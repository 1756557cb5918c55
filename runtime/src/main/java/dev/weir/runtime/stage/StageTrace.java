package dev.weir.runtime.stage;

import dev.weir.proto.v1.Task;
import dev.weir.runtime.trace.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;

/**
 * The spans of a task at this stage: one for the stage, and within it the wait for the device and then the device's
 * work, with an event for each step. Event loop of the stage node only. Does nothing if the task is not traced.
 */
final class StageTrace {

    static final StageTrace NONE = new StageTrace(Tracing.off(), Span.getInvalid());

    private static final AttributeKey<Long> STEP = AttributeKey.longKey("weir.step");
    private static final AttributeKey<Long> ROWS = AttributeKey.longKey("weir.rows");

    private final Tracing tracing;
    private final Span stage;
    private Span part;
    private int steps;

    private StageTrace(Tracing tracing, Span stage) {
        this.tracing = tracing;
        this.stage = stage;
        this.part = tracing.within("queue", stage);
    }

    /** Starts at acceptance. */
    static StageTrace of(Tracing tracing, Task task, String stage, String nodeId) {
        if (task.getTraceparent().isEmpty() || task.hasFrame()) {
            return NONE;
        }
        Span span = tracing.within(stage, task.getTraceparent());
        span.setAttribute("weir.job", task.getRef().getJobId());
        span.setAttribute("weir.sample", task.getRef().getSample());
        span.setAttribute("weir.attempt", task.getRef().getAttempt());
        span.setAttribute("weir.node", nodeId);
        span.setAttribute("weir.model", task.getModel());
        return new StageTrace(tracing, span);
    }

    void started() {
        part.end();
        part = tracing.within("device", stage);
    }

    /** @param rows that shared the step's forward pass */
    void stepped(int step, int rows) {
        steps++;
        part.addEvent("step", Attributes.of(STEP, (long) step, ROWS, (long) rows));
    }

    /** The device is done. @param rows that shared its last forward pass */
    void made(int rows) {
        part.setAttribute("weir.steps", steps);
        part.setAttribute(ROWS, (long) rows);
        part.end();
    }

    void failed(Failure failure) {
        stage.setStatus(StatusCode.ERROR, failure.code() + ": " + failure.message());
    }

    /** The sample is no longer held. */
    void ended() {
        part.end();
        stage.end();
    }
}

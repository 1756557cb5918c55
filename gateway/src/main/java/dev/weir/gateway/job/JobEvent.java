package dev.weir.gateway.job;

import dev.weir.proto.v1.StageTiming;
import dev.weir.runtime.stage.Failure;
import java.util.List;

/** An event of a sample, as the watchers of its job receive it. Immutable. */
public sealed interface JobEvent {

    Moment at();

    /**
     * The position of a sample.
     *
     * @param seq increases by one within the job
     * @param step steps done, over all stages with steps
     * @param total steps of all stages with steps
     */
    record Moment(String job, int sample, long seq, long seed, int attempt, int step, int total) {}

    /**
     * The sample waits for a stage.
     *
     * @param position samples of all gateways that have not begun and come before it
     * @param waitSeconds the estimated time until it is done
     */
    record Queued(Moment at, int position, double waitSeconds) implements JobEvent {}

    /** A node loads the model for the sample, which waits until then. */
    record Loading(Moment at, String stage, String node) implements JobEvent {}

    record Started(Moment at, String stage, String node) implements JobEvent {}

    /**
     * A new attempt continues from the step that {@code at} names. Steps and frames are not reported again.
     *
     * @param reason why the previous attempt ended
     */
    record Resumed(Moment at, String reason) implements JobEvent {}

    record Progress(Moment at, String stage, double stepSeconds) implements JobEvent {}

    /**
     * A remark about a request that succeeds. It is about the job: {@code at} names the sample that first caused it.
     * Each code and param is reported once.
     *
     * @param code stable, snake_case
     * @param param the field of the request
     */
    record Warning(Moment at, String code, String message, String param) implements JobEvent {}

    record Preview(Moment at, Picture picture) implements JobEvent {}

    /** @param seconds from the job's submission */
    record Completed(Moment at, Picture picture, List<StageTiming> timings, double seconds) implements JobEvent {}

    record Failed(Moment at, Failure failure) implements JobEvent {}

    record Cancelled(Moment at) implements JobEvent {}

    /** It was completed, and a client deleted its image. It has the number of its end. */
    record Deleted(Moment at) implements JobEvent {}

    /** No event follows for this sample. */
    default boolean isLast() {
        return this instanceof Completed
                || this instanceof Failed
                || this instanceof Cancelled
                || this instanceof Deleted;
    }
}

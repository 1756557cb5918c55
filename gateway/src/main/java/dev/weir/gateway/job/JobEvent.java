package dev.weir.gateway.job;

import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageTiming;
import dev.weir.runtime.stage.Failure;
import java.util.List;

/** What happened to a sample, as those who watch its job are told. Immutable. */
public sealed interface JobEvent {

    Moment at();

    /**
     * Where a sample was.
     *
     * @param seq rises by one within the job
     * @param step steps done, over all stages that have steps
     * @param total steps of all stages that have steps
     */
    record Moment(String job, int sample, long seq, long seed, int attempt, int step, int total) {}

    /**
     * It waits for a stage.
     *
     * @param position samples of this gateway that were there before and have not begun
     * @param waitSeconds estimate until it is done
     */
    record Queued(Moment at, int position, double waitSeconds) implements JobEvent {}

    record Started(Moment at, StageKind stage, String node) implements JobEvent {}

    /**
     * A new attempt goes on from the step that {@code at} names. Steps and frames that were told before are not told again.
     *
     * @param reason what became of the attempt before
     */
    record Resumed(Moment at, String reason) implements JobEvent {}

    record Progress(Moment at, StageKind stage, double stepSeconds) implements JobEvent {}

    /**
     * Something that the user should know although the pictures are made. It is about the job: {@code at} names the sample
     * that first gave rise to it. Each code and param is told once.
     *
     * @param code stable, snake_case
     * @param param the field of the request that it is about
     */
    record Warning(Moment at, String code, String message, String param) implements JobEvent {}

    record Preview(Moment at, Picture picture) implements JobEvent {}

    /** @param seconds from the job's submission */
    record Completed(Moment at, Picture picture, List<StageTiming> timings, double seconds) implements JobEvent {}

    record Failed(Moment at, Failure failure) implements JobEvent {}

    record Cancelled(Moment at) implements JobEvent {}

    /** Nothing follows for this sample. */
    default boolean isLast() {
        return this instanceof Completed || this instanceof Failed || this instanceof Cancelled;
    }
}

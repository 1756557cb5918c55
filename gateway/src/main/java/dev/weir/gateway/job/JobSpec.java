package dev.weir.gateway.job;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Preview;
import dev.weir.proto.v1.Priority;
import dev.weir.proto.v1.StageKind;
import java.util.List;

/**
 * What a job generates, checked against its model, with every default filled in.
 *
 * @param route the stages in order
 * @param generation for the first sample; sample {@code i} has the seed {@code seed + i}
 * @param samples the number of images
 * @param user as stated by the client; empty if it is not stated
 * @param traceparent the request's W3C trace context; empty if it is not traced
 */
public record JobSpec(
        String model,
        List<StageKind> route,
        Generation generation,
        int samples,
        Preview preview,
        String user,
        Priority priority,
        OnDisconnect onDisconnect,
        String traceparent) {

    public JobSpec {
        route = List.copyOf(route);
    }

    /** A job without a trace. */
    public JobSpec(
            String model,
            List<StageKind> route,
            Generation generation,
            int samples,
            Preview preview,
            String user,
            Priority priority,
            OnDisconnect onDisconnect) {
        this(model, route, generation, samples, preview, user, priority, onDisconnect, "");
    }

    /** The same job as part of a trace. */
    public JobSpec under(String newTraceparent) {
        return new JobSpec(model, route, generation, samples, preview, user, priority, onDisconnect, newTraceparent);
    }

    /** The same job, which continues when its client disconnects. */
    public JobSpec finishing() {
        return new JobSpec(
                model, route, generation, samples, preview, user, priority, OnDisconnect.FINISH, traceparent);
    }

    public long seed(int sample) {
        return generation.getSeed() + sample;
    }

    /** Network calls of all stages of the route that have steps: what events count as steps. */
    public int totalSteps() {
        return route.stream().mapToInt(this::steps).sum();
    }

    /** Steps done over the whole route, when this stage has done so many. */
    int overallStep(StageKind stage, int step) {
        return overallStep(route.indexOf(stage), step);
    }

    int overallStep(Checkpoint checkpoint) {
        return overallStep(checkpoint.getPosition(), checkpoint.getStep());
    }

    private int overallStep(int position, int step) {
        return step
                + route.stream()
                        .limit(Math.max(0, position))
                        .mapToInt(this::steps)
                        .sum();
    }

    int steps(StageKind stage) {
        return switch (stage) {
            case DENOISER -> Math.max(generation.getSteps(), generation.getCalls());
            case UPSAMPLER -> generation.getUpsamplerSteps();
            default -> 0;
        };
    }

    /** The progress that an event implies, in stages and steps: it increases along the whole route. */
    int reached(Event event) {
        int position = Math.max(0, route.indexOf(event.getStage()));
        return event.hasFrame()
                ? 0
                : position + overallStep(position, event.getProgress().getStep());
    }

    int reached(Checkpoint checkpoint) {
        return checkpoint.getPosition() + overallStep(checkpoint);
    }
}

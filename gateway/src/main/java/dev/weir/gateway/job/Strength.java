package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Sampler;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;

/**
 * How many steps a run does that begins with a picture, as diffusers' pipelines count them. Immutable.
 *
 * @param value of the request, 0 to 1; 1 for a run that begins with noise
 * @param laidOut whether the schedule is laid out for it, so that all steps are done
 * @param countsPartialStep whether the step that it covers in part is done, too
 * @param mostSteps of the sampler
 */
public record Strength(double value, boolean laidOut, boolean countsPartialStep, int mostSteps) {

    /** Of a run that begins with noise. */
    static final Strength WHOLE = new Strength(1, false, false, 0);

    static Strength of(Generation generation, Workflow workflow, Sampler sampler) {
        return of(generation.hasStrength() ? generation.getStrength() : 1, workflow, sampler);
    }

    public static Strength of(double value, Workflow workflow, Sampler sampler) {
        List<WorkflowStage> stages = workflow.getStagesList();
        return new Strength(
                value,
                stages.stream().anyMatch(WorkflowStage::getLaysOutStrength) && sampler.getLaysOutStrength(),
                stages.stream().anyMatch(WorkflowStage::getCountsPartialStep),
                sampler.getMostSteps());
    }

    /** The steps that are done of those of a request; 0 where it has none. */
    public int of(int steps) {
        if (laidOut) {
            return steps <= room() ? steps : 0;
        }
        double done = steps * value;
        return countsPartialStep ? steps - (int) (steps - done) : (int) done;
    }

    /** Why a request has no step. */
    public String problem(int steps) {
        return laidOut
                ? "leaves %d steps of the model's schedule, fewer than %d".formatted(room(), steps)
                : "leaves no step of " + steps;
    }

    private int room() {
        return (int) (mostSteps * value);
    }
}

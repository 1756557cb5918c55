package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;

/**
 * How the diffusing stages of an image share one schedule: until {@code change} the first does it, and then the one that takes over.
 * At 1 the first does all of it. Immutable.
 *
 * @param step with which the other takes over, where the request says that by steps; 0: it says it by a share
 */
record Shares(double change, int step) {

    private static final Shares NONE = new Shares(1, 0);
    /** A share of 0.8 and one of 0.2 are not exactly 1 in binary. */
    private static final double ROUNDING = 1e-9;

    /** A stage that would have less than a step does none: a schedule need not have one as late as that. */
    static Shares of(Workflow workflow, Generation generation) {
        if (generation.hasRefining()) {
            int step = generation.getRefining().getFirstStep();
            return new Shares((double) step / generation.getSteps(), step);
        }
        double change = generation.hasRefinerStart() ? generation.getRefinerStart() : 1;
        boolean isShared = workflow.getStagesList().stream().anyMatch(WorkflowStage::getTakesOver)
                && generation.getSteps() * (1 - change) + ROUNDING >= 1;
        return isShared ? new Shares(change, 0) : NONE;
    }

    boolean isShared() {
        return change < 1;
    }

    /** Says which part of the schedule a stage does. Stages with a schedule of their own, as an upsampler, are not among them. */
    void limit(WorkflowStage stage, Sampling.Builder sampling) {
        if (step > 0 && stage.getTakesOver()) {
            sampling.setFirstStep(step);
        } else if (step > 0) {
            sampling.setEndStep(step);
        } else if (stage.getTakesOver()) {
            sampling.setStart(change);
        } else if (isShared()) {
            sampling.setEnd(change);
        }
    }

    /**
     * Its network calls out of those of the whole schedule. Of a share, only the node that has the schedule knows them to the last one.
     *
     * @param callsPerStep of the sampler
     */
    int of(WorkflowStage stage, int calls, int callsPerStep) {
        int begun = step > 0 ? step * Math.max(1, callsPerStep) : (int) Math.round(calls * change);
        int first = Math.max(1, Math.min(calls - 1, begun));
        return isShared() ? stage.getTakesOver() ? calls - first : first : calls;
    }
}

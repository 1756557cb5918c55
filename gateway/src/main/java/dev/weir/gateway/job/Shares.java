package dev.weir.gateway.job;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.Sampling;
import dev.weir.proto.v1.Workflow;
import dev.weir.proto.v1.WorkflowStage;

/**
 * How the diffusing stages of an image share one schedule: until {@code change} the first does it, and then the one that takes over.
 * At 1 the first does all of it. Immutable.
 */
record Shares(double change) {

    private static final Shares NONE = new Shares(1);
    /** A share of 0.8 and one of 0.2 are not exactly 1 in binary. */
    private static final double ROUNDING = 1e-9;

    /** A stage that would have less than a step does none: a schedule need not have one as late as that. */
    static Shares of(Workflow workflow, Generation generation) {
        double change = generation.hasRefinerStart() ? generation.getRefinerStart() : 1;
        boolean isShared = workflow.getStagesList().stream().anyMatch(WorkflowStage::getTakesOver)
                && generation.getSteps() * (1 - change) + ROUNDING >= 1;
        return isShared ? new Shares(change) : NONE;
    }

    boolean isShared() {
        return change < 1;
    }

    /** Says which part of the schedule a stage does. Stages with a schedule of their own, as an upsampler, are not among them. */
    void limit(WorkflowStage stage, Sampling.Builder sampling) {
        if (stage.getTakesOver()) {
            sampling.setStart(change);
        } else if (isShared()) {
            sampling.setEnd(change);
        }
    }

    /** Its network calls out of those of the whole schedule. Only the node that has the schedule knows them to the last one. */
    int of(WorkflowStage stage, int calls) {
        int first = Math.max(1, Math.min(calls - 1, (int) Math.round(calls * change)));
        return isShared() ? stage.getTakesOver() ? calls - first : first : calls;
    }
}

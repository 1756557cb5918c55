package dev.weir.runtime.route;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;

/**
 * What a task requires of a node.
 *
 * @param edition the weights that earlier stages used
 * @param forwards the approximate number of forward passes
 */
record Need(StageKind stage, String model, Edition edition, int forwards) {

    static Need of(Task task) {
        StageKind stage = task.getRoute(task.getPosition());
        int forwards =
                switch (stage) {
                    case DENOISER ->
                        Math.max(
                                task.getGeneration().getSteps(),
                                task.getGeneration().getCalls());
                    case UPSAMPLER -> task.getGeneration().getUpsamplerSteps();
                    default -> 1;
                };
        Checkpoint resume = task.getResume();
        int done = resume.getPosition() == task.getPosition() ? resume.getStep() : 0;
        Edition edition = new Edition(task.getFingerprintsMap());
        return new Need(stage, task.getModel(), edition, Math.max(1, forwards - done));
    }

    /** Whether the node could do the task if it had room. */
    boolean servedBy(NodeStatus node) {
        return node.getStage() == stage
                && !node.getDraining()
                && node.getModelsList().stream()
                        .anyMatch(m -> m.getId().equals(model)
                                && m.getProblem().isEmpty()
                                && edition.fits(m.getFingerprintsMap()));
    }
}

package dev.weir.runtime.route;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.Task;

/**
 * What a task requires of a node.
 *
 * @param stage the name of a stage of the model
 * @param edition the weights that earlier stages used
 * @param forwards the approximate number of forward passes
 */
record Need(String stage, String model, Edition edition, int forwards) {

    static Need of(Task task) {
        Stage stage = task.getRoute(task.getPosition());
        Checkpoint resume = task.getResume();
        int done = resume.getPosition() == task.getPosition() ? resume.getStep() : 0;
        Edition edition = new Edition(task.getFingerprintsMap());
        return new Need(stage.getName(), task.getModel(), edition, Math.max(1, stage.getForwards() - done));
    }

    /** Whether the node could do the task if it had room. */
    boolean servedBy(NodeStatus node) {
        return !node.getDraining()
                && node.getModelsList().stream()
                        .anyMatch(m -> m.getId().equals(model)
                                && m.getStagesList().contains(stage)
                                && m.getProblem().isEmpty()
                                && edition.fits(m.getFingerprintsMap()));
    }
}

package dev.weir.runtime.route;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a task requires of a node.
 *
 * @param stage the name of a stage of the model
 * @param edition the weights that earlier stages used
 * @param forwards the approximate number of forward passes
 * @param files that take part in the stage
 */
public record Need(String stage, String model, Edition edition, int forwards, List<NamedFile> files) {

    /** The port of what is encoded of prompts. */
    private static final String WORDS = "cond";

    static Need of(Task task) {
        Stage stage = task.getRoute(task.getPosition());
        Checkpoint resume = task.getResume();
        int done = resume.getPosition() == task.getPosition() ? resume.getStep() : 0;
        return new Need(
                stage.getName(),
                task.getModel(),
                new Edition(task.getFingerprintsMap()),
                Math.max(1, stage.getForwards() - done),
                files(task.getGeneration(), stage));
    }

    private static List<NamedFile> files(Generation generation, Stage stage) {
        return NamedFile.of(
                generation.getLorasList().stream()
                        .filter(lora -> lora.getStagesList().contains(stage.getName()))
                        .toList(),
                NamedFile.nets(generation.getControlsList()).stream()
                        .filter(net -> net.getStage().equals(stage.getName()))
                        .toList(),
                stage.getGivesList().contains(WORDS) ? generation.getEmbeddingsList() : List.of(),
                generation.getIpAdaptersList().stream()
                        .filter(adapter -> adapter.getStagesList().contains(stage.getName()))
                        .toList(),
                stage.getRole() == StageRole.DECODE ? generation.getUpscalersList() : List.of());
    }

    /**
     * Whether each stage that is left of a task's route has a node with the model, in the task's weights, and the files that
     * it names.
     */
    public static boolean areMet(Task task, Collection<NodeStatus> nodes) {
        return IntStream.range(task.getPosition(), task.getRouteCount())
                .mapToObj(position -> of(task.toBuilder().setPosition(position).build()))
                .allMatch(need -> nodes.stream().anyMatch(need::servedBy));
    }

    /** Whether the node could do the task if it had room. */
    boolean servedBy(NodeStatus node) {
        return !node.getDraining() && find(node).isPresent();
    }

    /** Whether the node could begin at once, without loading the model. */
    boolean isLoadedBy(NodeStatus node) {
        return find(node).filter(status -> !status.getUnloaded()).isPresent();
    }

    private Optional<ModelStatus> find(NodeStatus node) {
        return node.getModelsList().stream()
                .filter(m -> m.getId().equals(model)
                        && m.getStagesList().contains(stage)
                        && m.getProblem().isEmpty()
                        && edition.fits(m.getFingerprintsMap())
                        && (files.isEmpty() || NamedFile.of(m.getCard()).containsAll(files)))
                .findFirst();
    }
}

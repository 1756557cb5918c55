package dev.weir.runtime.route;

import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a task requires of a node.
 *
 * @param stage the name of a stage of the model
 * @param edition the weights that earlier stages used
 * @param files that take part in the stage
 */
public record Need(String stage, String model, Edition edition, List<NamedFile> files) {

    /** The port of what is encoded of prompts. */
    private static final String WORDS = "cond";

    static Need of(Task task) {
        Stage stage = task.getRoute(task.getPosition());
        return new Need(
                stage.getName(),
                task.getModel(),
                new Edition(task.getFingerprintsMap()),
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
        return !node.getDraining() && find(node) != null;
    }

    /** Whether the node could begin at once, without loading the model. */
    boolean isLoadedBy(NodeStatus node) {
        ModelStatus status = find(node);
        return status != null && !status.getUnloaded();
    }

    /** Null if the node cannot do the task. Called for each node at each offer. */
    private ModelStatus find(NodeStatus node) {
        for (ModelStatus status : node.getModelsList()) {
            if (status.getId().equals(model)
                    && status.getStagesList().contains(stage)
                    && status.getProblem().isEmpty()
                    && edition.fits(status.getFingerprintsMap())
                    && (files.isEmpty() || NamedFile.of(status.getCard()).containsAll(files))) {
                return status;
            }
        }
        return null;
    }
}

package dev.weir.runtime.route;

import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.Control;
import dev.weir.proto.v1.ControlNet;
import dev.weir.proto.v1.Embedding;
import dev.weir.proto.v1.IpAdapter;
import dev.weir.proto.v1.Lora;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.Stage;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Upscaler;
import java.util.List;
import java.util.Optional;

/**
 * What a task requires of a node.
 *
 * @param stage the name of a stage of the model
 * @param edition the weights that earlier stages used
 * @param forwards the approximate number of forward passes
 * @param loras that change the stage
 * @param controlNets that steer the stage
 * @param embeddings that an encoding stage reads
 * @param ipAdapters that take part in the stage
 * @param upscalers that a decoding stage runs
 */
record Need(
        String stage,
        String model,
        Edition edition,
        int forwards,
        List<Lora> loras,
        List<ControlNet> controlNets,
        List<Embedding> embeddings,
        List<IpAdapter> ipAdapters,
        List<Upscaler> upscalers) {

    /** The port of what is encoded of prompts. */
    private static final String WORDS = "cond";

    static Need of(Task task) {
        Stage stage = task.getRoute(task.getPosition());
        Checkpoint resume = task.getResume();
        int done = resume.getPosition() == task.getPosition() ? resume.getStep() : 0;
        Edition edition = new Edition(task.getFingerprintsMap());
        return new Need(
                stage.getName(),
                task.getModel(),
                edition,
                Math.max(1, stage.getForwards() - done),
                task.getGeneration().getLorasList().stream()
                        .filter(lora -> lora.getStagesList().contains(stage.getName()))
                        .toList(),
                task.getGeneration().getControlsList().stream()
                        .map(Control::getNet)
                        .filter(net -> net.getStage().equals(stage.getName()))
                        .toList(),
                stage.getGivesList().contains(WORDS) ? task.getGeneration().getEmbeddingsList() : List.of(),
                task.getGeneration().getIpAdaptersList().stream()
                        .filter(adapter -> adapter.getStagesList().contains(stage.getName()))
                        .toList(),
                stage.getRole() == StageRole.DECODE ? task.getGeneration().getUpscalersList() : List.of());
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
                        && loras.stream().allMatch(lora -> has(m, lora))
                        && controlNets.stream().allMatch(net -> has(m, net))
                        && m.getCard().getEmbeddingsList().containsAll(embeddings)
                        && ipAdapters.stream().allMatch(adapter -> has(m, adapter))
                        && m.getCard().getUpscalersList().containsAll(upscalers))
                .findFirst();
    }

    private static boolean has(ModelStatus model, ControlNet wanted) {
        return model.getCard().getControlnetsList().stream()
                .anyMatch(net -> net.getName().equals(wanted.getName())
                        && net.getFingerprint().equals(wanted.getFingerprint()));
    }

    private static boolean has(ModelStatus model, Lora lora) {
        return model.getCard().getLorasList().stream()
                .anyMatch(file -> file.getName().equals(lora.getName())
                        && file.getFingerprint().equals(lora.getFingerprint()));
    }

    private static boolean has(ModelStatus model, IpAdapter adapter) {
        return model.getCard().getIpAdaptersList().stream()
                .anyMatch(file -> file.getName().equals(adapter.getName())
                        && file.getFingerprint().equals(adapter.getFingerprint()));
    }
}

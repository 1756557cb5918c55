package dev.weir.gateway.api;

import dev.weir.proto.v1.ModelCard;
import dev.weir.proto.v1.WorkflowStage;
import java.util.List;

/** Which fields models take. Stateless. */
public final class ModelFields {

    private ModelFields() {}

    /** Whether some workflow of the model takes a field. */
    public static boolean takes(ModelCard model, String name) {
        return model.getWorkflowsList().stream()
                .anyMatch(workflow -> WorkflowChoice.field(workflow, name).isPresent());
    }

    /** Whether a guidance scale of 0 is none for the model, and not 1: it counts from the prompt on. */
    public static boolean guidesFromPrompt(ModelCard model) {
        return model.getWorkflowsList().stream()
                .flatMap(workflow -> workflow.getStagesList().stream())
                .anyMatch(WorkflowStage::getGuidesFromPrompt);
    }

    /** The only values that a field can have, the default first; empty: there is no such list. */
    public static List<?> values(String name) {
        return GenerationReader.VALUES.getOrDefault(name, List.of());
    }
}

package dev.weir.gateway.api;

import dev.weir.proto.v1.ModelCard;

/** Which fields models take. Stateless. */
public final class ModelFields {

    private ModelFields() {}

    /** Whether some workflow of the model takes a field. */
    public static boolean takes(ModelCard model, String name) {
        return model.getWorkflowsList().stream()
                .anyMatch(workflow -> WorkflowChoice.field(workflow, name).isPresent());
    }
}

package dev.weir.gateway.comfyui;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.FieldNames;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Errors in the shape of ComfyUI's {@code POST /prompt}. Stateless. */
final class Errors {

    /** What ComfyUI calls fields of Weir. Its other names are the same. */
    static final Map<String, String> NAMES = Map.of(
            "num_inference_steps", "steps",
            "guidance_scale", "cfg",
            "sampler", "sampler_name",
            "schedule", "scheduler",
            "strength", "denoise",
            "init_image", "pixels",
            "clip_skip", "stop_at_clip_layer",
            "controlnets", "control_net",
            "model", "ckpt_name",
            "n", "batch_size");

    static final FieldNames FIELDS = FieldNames.of(NAMES);

    private Errors() {}

    /** Errors that are about no node. */
    static JsonObject toJson(ApiError error) {
        return body(error.code(), FIELDS.translated(error.message()), "", new JsonObject(), new JsonObject());
    }

    static RefusedGraphException refused(String type, String message, String details, JsonObject extra) {
        return new RefusedGraphException(message, body(type, message, details, extra, new JsonObject()));
    }

    /** All outputs of a graph depend on nodes with errors. */
    static RefusedGraphException refused(Graph graph, Collection<NodeError> errors) {
        String details = errors.stream()
                .map(error -> error.message() + ": " + error.details())
                .collect(Collectors.joining("\n"));
        String message = "Prompt outputs failed validation";
        return new RefusedGraphException(
                message,
                body(
                        "prompt_outputs_failed_validation",
                        message,
                        details,
                        new JsonObject(),
                        nodeErrors(graph, errors)));
    }

    /** By node. */
    static JsonObject nodeErrors(Graph graph, Collection<NodeError> errors) {
        Map<String, Set<String>> reached = new LinkedHashMap<>();
        graph.outputs().forEach(output -> reached.put(output, graph.reach(output)));
        JsonObject byNode = new JsonObject();
        errors.stream().collect(Collectors.groupingBy(NodeError::node)).forEach((id, ofNode) -> {
            List<String> dependent = reached.entrySet().stream()
                    .filter(output -> output.getValue().contains(id))
                    .map(Map.Entry::getKey)
                    .toList();
            byNode.put(
                    id,
                    new JsonObject()
                            .put(
                                    "errors",
                                    new JsonArray(ofNode.stream()
                                            .map(NodeError::toJson)
                                            .toList()))
                            .put("dependent_outputs", new JsonArray(dependent))
                            .put("class_type", graph.node(id).type().name()));
        });
        return byNode;
    }

    private static JsonObject body(
            String type, String message, String details, JsonObject extra, JsonObject nodeErrors) {
        return new JsonObject()
                .put(
                        "error",
                        new JsonObject()
                                .put("type", type)
                                .put("message", message)
                                .put("details", details)
                                .put("extra_info", extra))
                .put("node_errors", nodeErrors);
    }
}

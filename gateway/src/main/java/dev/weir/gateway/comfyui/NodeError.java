package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonObject;

/**
 * What is wrong with an input of a node, in ComfyUI's words.
 *
 * @param type as {@code value_not_in_list}
 * @param input empty: the whole node
 */
record NodeError(String node, String type, String message, String details, String input, Object received) {

    /** What ComfyUI's own checks pass and Weir does not compute. */
    static NodeError refused(String node, String input, String problem) {
        return new NodeError(
                node,
                "custom_validation_failed",
                "Custom validation failed for node",
                (input.isEmpty() ? "" : input + " - ") + problem,
                input,
                null);
    }

    JsonObject toJson() {
        JsonObject extra = new JsonObject();
        if (!input.isEmpty()) {
            extra.put("input_name", input);
        }
        if (received != null) {
            extra.put("received_value", received);
        }
        return new JsonObject()
                .put("type", type)
                .put("message", message)
                .put("details", details)
                .put("extra_info", extra);
    }
}

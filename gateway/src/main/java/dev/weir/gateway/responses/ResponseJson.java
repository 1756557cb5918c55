package dev.weir.gateway.responses;

import dev.weir.gateway.api.ApiError;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** The objects of the Responses API, with all fields that its libraries require. Event loop of its request. */
final class ResponseJson {

    private final ResponseRequest request;
    private final long createdSeconds = System.currentTimeMillis() / 1000;

    ResponseJson(ResponseRequest request) {
        this.request = request;
    }

    JsonObject inProgress(String job) {
        return of(job, "in_progress", new JsonArray()).putNull("error");
    }

    JsonObject completed(String job, String base64) {
        return of(job, "completed", new JsonArray().add(call(job, "completed", base64)))
                .putNull("error");
    }

    JsonObject failed(String job, ApiError error) {
        return of(job, "failed", new JsonArray())
                .put("error", new JsonObject().put("code", error.code()).put("message", error.message()));
    }

    /** The call of the tool, which is the one item of the output. */
    JsonObject call(String job, String status, String base64) {
        return new JsonObject()
                .put("id", item(job))
                .put("type", "image_generation_call")
                .put("status", status)
                .put("result", base64);
    }

    static String item(String job) {
        return "ig_" + job;
    }

    private JsonObject of(String job, String status, JsonArray output) {
        return new JsonObject()
                .put("id", "resp_" + job)
                .put("object", "response")
                .put("created_at", createdSeconds)
                .put("status", status)
                .putNull("incomplete_details")
                .putNull("instructions")
                .put("metadata", new JsonObject())
                .put("model", request.model())
                .put("output", output)
                .put("parallel_tool_calls", false)
                .putNull("temperature")
                .put("tool_choice", "auto")
                .put("tools", request.tools())
                .putNull("top_p");
    }
}

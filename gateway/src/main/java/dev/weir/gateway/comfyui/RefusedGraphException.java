package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonObject;

/** A graph that is not run, with ComfyUI's answer. */
final class RefusedGraphException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient JsonObject body;

    RefusedGraphException(String message, JsonObject body) {
        super(message, null, false, false);
        this.body = body;
    }

    JsonObject body() {
        return body;
    }
}

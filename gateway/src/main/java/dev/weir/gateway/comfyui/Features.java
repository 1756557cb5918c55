package dev.weir.gateway.comfyui;

import io.vertx.core.json.JsonObject;

/** What this server says that it understands. Stateless. */
final class Features {

    private Features() {}

    static JsonObject toJson() {
        return new JsonObject().put("supports_preview_metadata", true);
    }
}

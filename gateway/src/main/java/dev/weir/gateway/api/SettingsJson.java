package dev.weir.gateway.api;

import dev.weir.proto.v1.Generation;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HexFormat;

/** How images are made, as answers say it: the workflow that was chosen, its shares, and which files a request brought. Stateless. */
public final class SettingsJson {

    private SettingsJson() {}

    public static JsonObject putInto(JsonObject json, Generation generation) {
        json.put("workflow", generation.getWorkflow());
        if (generation.hasStrength()) {
            json.put("strength", generation.getStrength());
        }
        if (generation.hasRefinerStart()) {
            json.put("refiner_start", generation.getRefinerStart());
        }
        if (generation.getAttachmentsCount() > 0) {
            JsonArray attachments = new JsonArray();
            generation
                    .getAttachmentsList()
                    .forEach(file -> attachments.add(new JsonObject()
                            .put("name", file.getName())
                            .put(
                                    "sha256",
                                    HexFormat.of().formatHex(file.getSha256().toByteArray()))
                            .put("width", file.getWidth())
                            .put("height", file.getHeight())));
            json.put("attachments", attachments);
        }
        return json;
    }
}

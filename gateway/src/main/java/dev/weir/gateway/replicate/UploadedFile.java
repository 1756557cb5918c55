package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ReadImage;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.HexFormat;

/**
 * A file that a caller has uploaded. Immutable.
 *
 * @param metadata what the caller said of it
 */
record UploadedFile(String id, String name, ReadImage.Fine image, JsonObject metadata, long createdMs, long expiresMs) {

    long bytes() {
        return image.size();
    }

    /** @param base what URLs begin with */
    JsonObject toJson(String base) {
        String sha256 = HexFormat.of().formatHex(image.image().sha256());
        return new JsonObject()
                .put("id", id)
                .put("name", name)
                .put("content_type", image.image().contentType())
                .put("size", image.size())
                .put("etag", sha256)
                .put("checksums", new JsonObject().put("sha256", sha256))
                .put("metadata", metadata)
                .put("created_at", Instant.ofEpochMilli(createdMs).toString())
                .put("expires_at", Instant.ofEpochMilli(expiresMs).toString())
                .put("urls", new JsonObject().put("get", base + FileHandlers.PATH + "/" + id));
    }
}

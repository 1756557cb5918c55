package dev.weir.gateway.stream;

import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.Picture;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;

/**
 * An image as a binary message: the header's length as a big-endian u32, the header as JSON in UTF-8, the image file.
 *
 * <p>The header is {@code {"id"?, job, sample, seq, step, total, kind: "preview" | "final", format, width, height}}.
 */
final class FrameMessage {

    private FrameMessage() {}

    /** @param id the client's own name for the job, or null */
    static Buffer of(String id, Moment at, String kind, Picture picture) {
        JsonObject header = new JsonObject();
        if (id != null) {
            header.put("id", id);
        }
        header.put("job", at.job())
                .put("sample", at.sample())
                .put("seq", at.seq())
                .put("step", at.step())
                .put("total", at.total())
                .put("kind", kind)
                .put("format", picture.format())
                .put("width", picture.width())
                .put("height", picture.height());
        Buffer head = header.toBuffer();
        return Buffer.buffer(4 + head.length() + picture.bytes().length)
                .appendInt(head.length())
                .appendBuffer(head)
                .appendBytes(picture.bytes());
    }
}

package dev.weir.gateway.comfyui;

import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.job.Picture;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;

/**
 * One client's socket. A client that reads nothing for too long is disconnected, so what waits for it is bounded by what its prompts
 * say in that time. Event loop of the gateway.
 */
final class Socket {

    private static final int PREVIEW = 1;
    private static final int PREVIEW_WITH_METADATA = 4;
    private static final int JPEG = 1;
    private static final int PNG = 2;
    private static final long NONE = -1;

    private final Vertx vertx;
    private final ServerWebSocket socket;
    private final String caller;
    private final Duration slowClient;
    private final Runnable cut;
    private boolean wantsMetadata;
    private boolean hasSpoken;
    private long slowTimer = NONE;

    /** @param cut closes the connection without writing pending data */
    Socket(Vertx vertx, ServerWebSocket socket, String caller, Duration slowClient, Runnable cut) {
        this.vertx = vertx;
        this.socket = socket;
        this.caller = caller;
        this.slowClient = slowClient;
        this.cut = cut;
        socket.textMessageHandler(this::hear);
        socket.exceptionHandler(broken -> {});
        socket.drainHandler(drained -> {
            vertx.cancelTimer(slowTimer);
            slowTimer = NONE;
        });
    }

    String caller() {
        return caller;
    }

    /** Only the first message says something: what the client understands. */
    private void hear(String text) {
        boolean isFirst = !hasSpoken;
        hasSpoken = true;
        try {
            JsonObject message = isFirst ? new JsonObject(text) : new JsonObject();
            if ("feature_flags".equals(message.getValue("type"))
                    && message.getValue("data") instanceof JsonObject flags) {
                wantsMetadata = Boolean.TRUE.equals(flags.getValue("supports_preview_metadata"));
                tell("feature_flags", Features.toJson());
            }
        } catch (DecodeException e) {
            // ComfyUI ignores it too.
        }
    }

    boolean keepsUp() {
        return !socket.isClosed() && !socket.writeQueueFull();
    }

    void tell(String type, JsonObject data) {
        if (!socket.isClosed()) {
            socket.writeTextMessage(
                    new JsonObject().put("type", type).put("data", data).encode());
            watch();
        }
    }

    void show(String prompt, String node, Picture picture) {
        if (socket.isClosed()) {
            return;
        }
        Buffer message;
        if (wantsMetadata) {
            Buffer metadata = new JsonObject()
                    .put("node_id", node)
                    .put("prompt_id", prompt)
                    .put("display_node_id", node)
                    .putNull("parent_node_id")
                    .put("real_node_id", node)
                    .put("image_type", picture.mediaType())
                    .toBuffer();
            message = Buffer.buffer()
                    .appendInt(PREVIEW_WITH_METADATA)
                    .appendInt(metadata.length())
                    .appendBuffer(metadata);
        } else {
            message = Buffer.buffer()
                    .appendInt(PREVIEW)
                    .appendInt(picture.format().equals("png") ? PNG : JPEG);
        }
        SocketEntrance.writeBinary(socket, message.appendBytes(picture.bytes()));
        watch();
    }

    private void watch() {
        if (slowTimer == NONE && socket.writeQueueFull()) {
            slowTimer = vertx.setTimer(slowClient.toMillis(), late -> cut.run());
        }
    }
}

package dev.weir.tests;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.WebSocketRoute;
import io.vertx.core.json.JsonObject;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The server's side of the page's WebSocket, spoken by a test. */
final class SpokenStream {

    /** The job of each {@code generate} command. */
    static final String JOB = "0198c0de-0000-7000-8000-000000000000";

    private SpokenStream() {}

    /** @param answer what the server says to a command */
    static Consumer<Page> answering(BiConsumer<WebSocketRoute, JsonObject> answer) {
        return page -> page.routeWebSocket(
                url -> url.endsWith("/v1/stream"),
                socket -> socket.onMessage(frame -> answer.accept(socket, new JsonObject(frame.text()))));
    }

    static void accept(WebSocketRoute socket, JsonObject command) {
        send(
                socket,
                new JsonObject()
                        .put("type", "attached")
                        .put("id", command.getString("id"))
                        .put("job", command.getString("job", JOB))
                        .put("status", "queued")
                        .put("n", command.getInteger("n")));
    }

    static JsonObject event(JsonObject command, String type, int sample) {
        return new JsonObject()
                .put("type", type)
                .put("id", command.getString("id"))
                .put("job", JOB)
                .put("sample", sample)
                .put("seq", sample + 1)
                .put("attempt", 1)
                .put("step", 0)
                .put("total", 100);
    }

    static JsonObject error(String code, String message) {
        return new JsonObject().put("type", "server_error").put("code", code).put("message", message);
    }

    static void send(WebSocketRoute socket, JsonObject message) {
        socket.send(message.encode());
    }
}

package dev.weir.gateway;

import static org.awaitility.Awaitility.await;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** A client of {@code /v1/stream} that keeps all it is told. */
final class TestSocket implements AutoCloseable {

    /** A binary message, taken apart. */
    record Frame(JsonObject header, byte[] image) {}

    final List<JsonObject> events = new CopyOnWriteArrayList<>();
    final List<Frame> frames = new CopyOnWriteArrayList<>();
    final WebSocket socket;
    private final WebSocketClient client;

    TestSocket(Vertx vertx, int port) {
        client = vertx.createWebSocketClient(new WebSocketClientOptions().setMaxMessageSize(16 << 20));
        socket = TestGateway.get(client.connect(port, "127.0.0.1", "/v1/stream").map(opened -> {
            opened.textMessageHandler(text -> events.add(new JsonObject(text)));
            opened.binaryMessageHandler(bytes -> frames.add(frame(bytes)));
            return opened;
        }));
    }

    private static Frame frame(Buffer message) {
        int header = message.getInt(0);
        return new Frame(
                new JsonObject(message.getString(4, 4 + header)), message.getBytes(4 + header, message.length()));
    }

    void send(JsonObject command) {
        TestGateway.get(socket.writeTextMessage(command.encode()));
    }

    void generate(String id, JsonObject fields) {
        send(new JsonObject()
                .put("type", "generate")
                .put("id", id)
                .put("prompt", "an apple")
                .mergeIn(fields));
    }

    List<JsonObject> events(String type) {
        return events.stream().filter(e -> e.getString("type").equals(type)).toList();
    }

    JsonObject awaitEvent(Predicate<JsonObject> wanted) {
        return await().until(() -> events.stream().filter(wanted).findFirst().orElse(null), e -> e != null);
    }

    JsonObject awaitType(String type) {
        return awaitEvent(event -> event.getString("type").equals(type));
    }

    @Override
    public void close() {
        TestGateway.get(socket.close());
        TestGateway.get(client.close());
    }
}

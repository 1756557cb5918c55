package dev.weir.gateway.comfyui;

import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.Cutoff;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.job.Picture;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/** {@code /ws}: the sockets of all clients, by their names. A newer socket of one name takes the place of the older. Event loop. */
final class Sockets {

    private static final int LONGEST_NAME = 256;

    private final Vertx vertx;
    private final SocketEntrance entrance;
    private final Duration slowClient;
    private final Map<String, Socket> byClient = new HashMap<>();
    private ToIntFunction<String> remaining = caller -> 0;
    private Consumer<String> onOpen = client -> {};

    Sockets(Vertx vertx, SocketEntrance entrance, Duration slowClient) {
        this.vertx = vertx;
        this.entrance = entrance;
        this.slowClient = slowClient;
    }

    /**
     * @param queue how many prompts of a caller are unfinished
     * @param opened called with the name of a client that has connected
     */
    void serve(ToIntFunction<String> queue, Consumer<String> opened) {
        remaining = queue;
        onOpen = opened;
    }

    void open(RoutingContext ctx) {
        String name = Optional.ofNullable(ctx.request().getParam("clientId"))
                .filter(text -> !text.isEmpty() && text.length() <= LONGEST_NAME)
                .orElseGet(() -> UUID.randomUUID().toString().replace("-", ""));
        String caller = Caller.of(ctx);
        String client = Caller.scoped(ctx, name);
        entrance.open(ctx).onSuccess(opened -> {
            if (opened.isClosed()) {
                return;
            }
            Socket socket = new Socket(vertx, opened, caller, slowClient, () -> Cutoff.cut(ctx.request()));
            byClient.put(client, socket);
            // That program has no message for it; the code of the close says why.
            entrance.watch(ctx, opened, () -> byClient.remove(client, socket), removed -> {});
            socket.tell("status", status(caller).put("sid", name));
            onOpen.accept(client);
        });
    }

    private JsonObject status(String caller) {
        return new JsonObject()
                .put(
                        "status",
                        new JsonObject()
                                .put(
                                        "exec_info",
                                        new JsonObject().put("queue_remaining", remaining.applyAsInt(caller))));
    }

    /** The queue of a caller has changed. */
    void queueChanged(String caller) {
        byClient.values().stream()
                .filter(socket -> socket.caller().equals(caller))
                .forEach(socket -> socket.tell("status", status(caller)));
    }

    void tell(String client, String type, JsonObject data) {
        find(client).ifPresent(socket -> socket.tell(type, data));
    }

    /** A client that is behind does not get it. */
    void progress(String client, String type, JsonObject data) {
        find(client).filter(Socket::keepsUp).ifPresent(socket -> socket.tell(type, data));
    }

    /** @param isFrame whether a client that is behind does not get it */
    void picture(String client, String prompt, String node, Picture picture, boolean isFrame) {
        find(client)
                .filter(socket -> !isFrame || socket.keepsUp())
                .ifPresent(socket -> socket.show(prompt, node, picture));
    }

    private Optional<Socket> find(String client) {
        return Optional.ofNullable(byClient.get(client));
    }
}

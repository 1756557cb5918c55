package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Opens WebSockets. Refuses requests that are no upgrade and pages of other origins, and closes sockets whose clients are dead or have no
 * key any more. Event loop of the gateway.
 */
public final class SocketEntrance {

    private static final String VERSION = "13";
    private static final long PING_MS = 20_000;
    private static final short KEY_REMOVED = 4401;
    private static final long GOODBYE_MS = 2000;
    private static final int FRAME_BYTES = 64 << 10;

    private final Vertx vertx;
    private final BrowserGuard guard;

    public SocketEntrance(Vertx vertx, BrowserGuard guard) {
        this.vertx = vertx;
        this.guard = guard;
    }

    /** Throws {@link ApiException} about a request that opens none. */
    public Future<ServerWebSocket> open(RoutingContext ctx) {
        HttpServerRequest request = ctx.request();
        requireUpgrade(request);
        guard.requireOwnPage(request);
        return request.toWebSocket();
    }

    private static void requireUpgrade(HttpServerRequest request) {
        boolean upgrades = request.headers().contains("Upgrade", "websocket", true)
                && request.getHeader("Connection") != null
                && request.getHeader("Connection").toLowerCase(Locale.ROOT).contains("upgrade");
        if (!upgrades || !VERSION.equals(request.getHeader("Sec-WebSocket-Version"))) {
            boolean isHttp2 = request.version() == HttpVersion.HTTP_2;
            if (!isHttp2) {
                request.response().putHeader("Upgrade", "websocket").putHeader("Sec-WebSocket-Version", VERSION);
            }
            String message = "this path speaks WebSocket, version " + VERSION
                    + (isHttp2 ? ", over a connection of HTTP/1.1" : "");
            throw new ApiException(ApiError.invalid(426, "upgrade_required", message, null));
        }
        if (request.getHeader("Sec-WebSocket-Key") == null) {
            throw new ApiException(ApiError.invalid("bad_request", "Sec-WebSocket-Key is required", null));
        }
    }

    /**
     * Pings the client of an open socket, and closes it when its key is removed.
     *
     * @param ctx the request that opened it
     * @param onClosed called when it is gone
     * @param onRemoved called when the key is removed, to send this as the last message
     */
    public void watch(RoutingContext ctx, ServerWebSocket socket, Runnable onClosed, Consumer<ApiError> onRemoved) {
        boolean[] answered = {true};
        socket.pongHandler(pong -> answered[0] = true);
        long pings = vertx.setPeriodic(PING_MS, timer -> {
            if (socket.isClosed() || socket.writeQueueFull()) {
                return;
            }
            if (!answered[0]) {
                socket.close((short) 1001, "no answer to a ping");
                return;
            }
            answered[0] = false;
            socket.writePing(Buffer.buffer());
        });
        Runnable stopWatching = Authentication.watch(ctx, removed -> {
            onRemoved.accept(removed);
            long late = vertx.setTimer(GOODBYE_MS, timer -> Cutoff.cut(ctx.request()));
            socket.close(KEY_REMOVED, removed.message()).onComplete(closed -> vertx.cancelTimer(late));
        });
        socket.closeHandler(gone -> {
            vertx.cancelTimer(pings);
            stopWatching.run();
            onClosed.run();
        });
    }

    /** Writes in frames of a size that every client takes. The socket's own frames are as large as uploads may be. */
    public static void writeBinary(ServerWebSocket socket, Buffer bytes) {
        for (int from = 0; from < bytes.length(); from += FRAME_BYTES) {
            int to = Math.min(bytes.length(), from + FRAME_BYTES);
            boolean isLast = to == bytes.length();
            Buffer part = bytes.slice(from, to);
            socket.writeFrame(
                    from == 0
                            ? WebSocketFrame.binaryFrame(part, isLast)
                            : WebSocketFrame.continuationFrame(part, isLast));
        }
    }
}

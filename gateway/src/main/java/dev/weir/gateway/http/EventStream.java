package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * One answer of server-sent events. Optional events are dropped while the client's side is full. A client whose side
 * stays full for too long is disconnected. Event loop of its request.
 */
public final class EventStream {

    public static final String MEDIA_TYPE = "text/event-stream; charset=utf-8";

    /** A client takes 3 s without a byte as the loss of its gateway. */
    private static final long KEEP_ALIVE_MS = 1000;

    private static final int NONE = -1;

    private final Vertx vertx;
    private final RoutingContext ctx;
    private final HttpServerResponse response;
    private final Duration slowClient;
    private final long keepAliveTimer;
    private final Runnable stopWatching;
    private long slowTimer = NONE;
    private boolean closed;

    /**
     * Writes the head.
     *
     * @param onGone called when the client disconnects before the end, and when its key is removed
     * @param onRemoved called when the key is removed, to send this as the last event and to end the stream
     */
    public EventStream(
            Vertx vertx, RoutingContext ctx, Duration slowClient, Runnable onGone, Consumer<ApiError> onRemoved) {
        this.vertx = vertx;
        this.ctx = ctx;
        this.response = ctx.response();
        this.slowClient = slowClient;
        response.setChunked(true)
                .putHeader(HttpHeaderNames.CONTENT_TYPE, MEDIA_TYPE)
                .putHeader(HttpHeaderNames.CACHE_CONTROL, "no-cache")
                .putHeader("X-Accel-Buffering", "no");
        response.closeHandler(gone -> {
            boolean early = !closed;
            close();
            stopSlowTimer();
            if (early) {
                onGone.run();
            }
        });
        response.exceptionHandler(broken -> {});
        response.drainHandler(drained -> stopSlowTimer());
        keepAliveTimer = vertx.setPeriodic(KEEP_ALIVE_MS, timer -> {
            if (!response.writeQueueFull()) {
                write(": keep-alive\n\n");
            }
        });
        stopWatching = Authentication.watch(ctx, removed -> {
            onRemoved.accept(removed);
            onGone.run();
        });
        write(": weir\n\n");
    }

    /** Sends an optional event, unless the client is behind. @return whether it was sent */
    public boolean offer(String event, JsonObject data, String id) {
        return offerLine(event, data.encode(), id);
    }

    /** @param line of text. @return whether it was sent */
    public boolean offerLine(String event, String line, String id) {
        if (closed || response.writeQueueFull()) {
            return false;
        }
        sendLine(event, line, id);
        return true;
    }

    public void send(String event, JsonObject data, String id) {
        sendLine(event, data.encode(), id);
    }

    /** @param line of text */
    public void sendLine(String event, String line, String id) {
        String idLine = id == null ? "" : "id: " + id + "\n";
        write("event: " + event + "\n" + idLine + "data: " + line + "\n\n");
    }

    /** @param last sent unchanged before the end, or empty */
    public void end(String last) {
        if (closed) {
            return;
        }
        write(last);
        close();
        startSlowTimer();
        response.end().onComplete(written -> stopSlowTimer());
    }

    private void write(String text) {
        if (closed || text.isEmpty()) {
            return;
        }
        response.write(text);
        if (response.writeQueueFull()) {
            startSlowTimer();
        }
    }

    private void close() {
        closed = true;
        stopWatching.run();
        vertx.cancelTimer(keepAliveTimer);
    }

    private void startSlowTimer() {
        if (slowTimer == NONE) {
            slowTimer = vertx.setTimer(slowClient.toMillis(), late -> Cutoff.cut(ctx.request()));
        }
    }

    private void stopSlowTimer() {
        vertx.cancelTimer(slowTimer);
        slowTimer = NONE;
    }
}

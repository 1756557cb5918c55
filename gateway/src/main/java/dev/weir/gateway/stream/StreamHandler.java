package dev.weir.gateway.stream;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.BrowserGuard;
import dev.weir.gateway.http.Cutoff;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.ledger.JobLedger;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** {@code /v1/stream}: opens a session for each WebSocket, and detects dead ones. Event loop of the gateway. */
public final class StreamHandler implements Handler<RoutingContext> {

    private static final String VERSION = "13";
    private static final long PING_MS = 20_000;

    private final Vertx vertx;
    private final RequestReader reader;
    private final ReadingThreads threads;
    private final JobLedger ledger;
    private final ImageMemory images;
    private final GatewayConfig config;
    private final BrowserGuard guard;
    private final Set<StreamSession> sessions = new HashSet<>();

    public StreamHandler(
            Vertx vertx,
            RequestReader reader,
            ReadingThreads threads,
            JobLedger ledger,
            ImageMemory images,
            GatewayConfig config,
            BrowserGuard guard,
            MeterRegistry metrics) {
        this.vertx = vertx;
        this.reader = reader;
        this.threads = threads;
        this.ledger = ledger;
        this.images = images;
        this.config = config;
        this.guard = guard;
        Gauge.builder("weir.gateway.sockets", sessions, Set::size)
                .description("WebSockets that are open")
                .register(metrics);
    }

    /** The number of messages that wait for their clients, over all sockets. */
    public int waiting() {
        return sessions.stream().mapToInt(s -> s.outbound().waiting()).sum();
    }

    public int sockets() {
        return sessions.size();
    }

    @Override
    public void handle(RoutingContext ctx) {
        requireUpgrade(ctx);
        guard.requireOwnPage(ctx.request());
        ctx.request().toWebSocket().onSuccess(socket -> open(socket, () -> Cutoff.cut(ctx.request())));
    }

    private static void requireUpgrade(RoutingContext ctx) {
        boolean upgrades = ctx.request().headers().contains("Upgrade", "websocket", true)
                && ctx.request().getHeader("Connection") != null
                && ctx.request()
                        .getHeader("Connection")
                        .toLowerCase(Locale.ROOT)
                        .contains("upgrade");
        if (!upgrades || !VERSION.equals(ctx.request().getHeader("Sec-WebSocket-Version"))) {
            ctx.response().putHeader("Upgrade", "websocket").putHeader("Sec-WebSocket-Version", VERSION);
            String message = "this path speaks WebSocket, version " + VERSION;
            throw new ApiException(ApiError.invalid(426, "upgrade_required", message, null));
        }
        if (ctx.request().getHeader("Sec-WebSocket-Key") == null) {
            throw new ApiException(ApiError.invalid("bad_request", "Sec-WebSocket-Key is required", null));
        }
    }

    private void open(ServerWebSocket socket, Runnable cut) {
        if (socket.isClosed()) {
            return;
        }
        StreamSession session = new StreamSession(vertx, socket, cut, reader, threads, ledger, images, config);
        sessions.add(session);
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
        socket.closeHandler(gone -> {
            vertx.cancelTimer(pings);
            sessions.remove(session);
            session.close();
        });
    }
}

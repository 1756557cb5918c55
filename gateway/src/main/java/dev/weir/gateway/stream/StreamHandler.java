package dev.weir.gateway.stream;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Cutoff;
import dev.weir.gateway.ledger.JobLedger;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.net.URI;
import java.util.HashSet;
import java.util.Set;

/** {@code /v1/stream}: opens a session for each WebSocket, and notices those that have died. Event loop of the gateway. */
public final class StreamHandler implements Handler<RoutingContext> {

    private static final long PING_MS = 20_000;

    private final Vertx vertx;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final GatewayConfig config;
    private final Set<StreamSession> sessions = new HashSet<>();

    public StreamHandler(
            Vertx vertx, RequestReader reader, JobLedger ledger, GatewayConfig config, MeterRegistry metrics) {
        this.vertx = vertx;
        this.reader = reader;
        this.ledger = ledger;
        this.config = config;
        Gauge.builder("weir.gateway.sockets", sessions, Set::size)
                .description("WebSockets that are open")
                .register(metrics);
    }

    /** Messages that wait for their clients, over all sockets. */
    public int waiting() {
        return sessions.stream().mapToInt(s -> s.outbound().waiting()).sum();
    }

    public int sockets() {
        return sessions.size();
    }

    @Override
    public void handle(RoutingContext ctx) {
        if (!"websocket".equalsIgnoreCase(ctx.request().getHeader("Upgrade"))) {
            throw new ApiException(ApiError.invalid(426, "upgrade_required", "this path speaks WebSocket", null));
        }
        if (!isOwnOrigin(ctx.request().getHeader("Origin"), ctx.request().getHeader("Host"))) {
            String message = "a page of another origin may not open this socket";
            throw new ApiException(ApiError.invalid(403, "foreign_origin", message, null));
        }
        ctx.request().toWebSocket().onSuccess(socket -> open(socket, () -> Cutoff.cut(ctx.request())));
    }

    /** Browsers let any page open a socket to anywhere, with the origin as the only sign of it. */
    private static boolean isOwnOrigin(String origin, String host) {
        if (origin == null) {
            return true;
        }
        try {
            return URI.create(origin).getAuthority() != null
                    && URI.create(origin).getAuthority().equalsIgnoreCase(host);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private void open(ServerWebSocket socket, Runnable cut) {
        StreamSession session = new StreamSession(vertx, socket, cut, reader, ledger, config);
        sessions.add(session);
        boolean[] answered = {true};
        socket.pongHandler(pong -> answered[0] = true);
        long pings = vertx.setPeriodic(PING_MS, timer -> {
            if (!socket.writeQueueFull()) {
                if (!answered[0]) {
                    socket.close((short) 1001, "no answer to a ping");
                }
                answered[0] = false;
                socket.writePing(Buffer.buffer());
            }
        });
        socket.closeHandler(gone -> {
            vertx.cancelTimer(pings);
            sessions.remove(session);
            session.close();
        });
    }
}

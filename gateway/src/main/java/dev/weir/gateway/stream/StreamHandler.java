package dev.weir.gateway.stream;

import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Cutoff;
import dev.weir.gateway.http.SocketEntrance;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.HashSet;
import java.util.Set;

/** {@code /v1/stream}: opens a session for each WebSocket. Event loop of the gateway. */
public final class StreamHandler implements Handler<RoutingContext> {

    private final ApiParts parts;
    private final SocketEntrance entrance;
    private final Set<StreamSession> sessions = new HashSet<>();

    public StreamHandler(ApiParts parts, SocketEntrance entrance, MeterRegistry metrics) {
        this.parts = parts;
        this.entrance = entrance;
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
        entrance.open(ctx).onSuccess(socket -> open(ctx, socket));
    }

    private void open(RoutingContext ctx, ServerWebSocket socket) {
        if (socket.isClosed()) {
            return;
        }
        StreamSession session = new StreamSession(parts, socket, () -> Cutoff.cut(ctx.request()), () -> parts.ledger()
                .of(Authentication.userNow(ctx)));
        sessions.add(session);
        Runnable onClosed = () -> {
            sessions.remove(session);
            session.close();
        };
        entrance.watch(ctx, socket, onClosed, session::dismiss);
    }
}

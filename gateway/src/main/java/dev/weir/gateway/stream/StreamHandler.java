package dev.weir.gateway.stream;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Cutoff;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.http.SocketEntrance;
import dev.weir.gateway.job.ImageMemory;
import dev.weir.gateway.ledger.JobLedger;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.ext.web.RoutingContext;
import java.util.HashSet;
import java.util.Set;

/** {@code /v1/stream}: opens a session for each WebSocket. Event loop of the gateway. */
public final class StreamHandler implements Handler<RoutingContext> {

    private final Vertx vertx;
    private final RequestReader reader;
    private final ReadingThreads threads;
    private final JobLedger ledger;
    private final ImageMemory images;
    private final GatewayConfig config;
    private final SocketEntrance entrance;
    private final Set<StreamSession> sessions = new HashSet<>();

    public StreamHandler(
            Vertx vertx,
            RequestReader reader,
            ReadingThreads threads,
            JobLedger ledger,
            ImageMemory images,
            GatewayConfig config,
            SocketEntrance entrance,
            MeterRegistry metrics) {
        this.vertx = vertx;
        this.reader = reader;
        this.threads = threads;
        this.ledger = ledger;
        this.images = images;
        this.config = config;
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
        StreamSession session = new StreamSession(
                vertx,
                socket,
                () -> Cutoff.cut(ctx.request()),
                reader,
                threads,
                () -> ledger.of(Authentication.userNow(ctx)),
                images,
                config);
        sessions.add(session);
        Runnable onClosed = () -> {
            sessions.remove(session);
            session.close();
        };
        entrance.watch(ctx, socket, onClosed, session::dismiss);
    }
}

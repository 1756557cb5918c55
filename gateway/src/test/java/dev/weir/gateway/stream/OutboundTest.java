package dev.weir.gateway.stream;

import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.gateway.job.JobEvent;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class OutboundTest {

    private final Vertx vertx = Vertx.vertx();
    /** Vert.x closes a client that nothing refers to any more. */
    private final WebSocketClient sockets = vertx.createWebSocketClient();

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    /** A socket is closed a moment before its close handler is called. */
    @Test
    void whatIsToldToASocketThatHasJustClosedIsDropped() throws Exception {
        Promise<Void> told = Promise.promise();
        int port = vertx.createHttpServer()
                .webSocketHandler(socket -> {
                    Outbound outbound = new Outbound(vertx, socket, Duration.ofSeconds(5), () -> {}, () -> {});
                    socket.closeHandler(closed -> tell(outbound, told));
                    socket.close();
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS)
                .actualPort();
        sockets.connect(port, "127.0.0.1", "/");

        assertThatCode(() ->
                        told.future().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS))
                .doesNotThrowAnyException();
    }

    private static void tell(Outbound outbound, Promise<Void> told) {
        try {
            outbound.tell(new JsonObject());
            outbound.tell(null, new JobEvent.Cancelled(new JobEvent.Moment("job", 0, 1, 1, 1, 0, 1)));
            told.complete();
        } catch (RuntimeException e) {
            told.fail(e);
        }
    }
}

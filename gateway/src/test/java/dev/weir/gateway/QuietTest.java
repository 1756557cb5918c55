package dev.weir.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.weir.gateway.TestStage.Sitting;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Frame;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.memory.LocalMemory;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.slf4j.LoggerFactory;

/** Clients come and go as they like, and the log says nothing of it. */
@Isolated("It reads the log of the process.")
final class QuietTest {

    private static final int CLIENTS = 20;
    private static final int FRAMES = 200;

    /** Vert.x warns of threads that a busy machine keeps waiting. This says nothing of clients. */
    private final Vertx vertx = Vertx.vertx(
            new VertxOptions().setMaxEventLoopExecuteTime(1).setMaxEventLoopExecuteTimeUnit(TimeUnit.MINUTES));

    private final TestGateway gateway = new TestGateway(TestGateway.CONFIG, vertx, new LocalMemory(vertx));
    private final Logged logged = new Logged();

    @BeforeEach
    void listen() {
        logged.start();
        root().addAppender(logged);
        // A picture of many frames, so that something is being written at whatever moment a client leaves.
        gateway.stage.script(sitting -> {
            sitting.start();
            int[] step = {0};
            gateway.vertx.setPeriodic(1, timer -> {
                sitting.frame(++step[0], new byte[20_000]);
                if (step[0] == FRAMES) {
                    gateway.vertx.cancelTimer(timer);
                }
            });
        });
    }

    @AfterEach
    void nothingWasLogged() {
        await().until(() -> gateway.isIdle() && gateway.sockets() == 0);
        root().detachAppender(logged);
        gateway.close();
        assertThat(logged.lines).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
    }

    @Test
    void socketsThatCloseInMidJob() {
        for (int i = 0; i < CLIENTS; i++) {
            TestSocket socket = new TestSocket(gateway.vertx, gateway.port());
            socket.generate("a", new JsonObject().put("n", 4).put("preview", new JsonObject().put("every_steps", 1)));
            int before = i;
            await().until(() -> gateway.stage.sittings().size() > 4 * before);
            socket.close();
        }
    }

    @Test
    void framesOfAStageThatIsNotOnTheRoute() {
        try (TestSocket socket = new TestSocket(gateway.vertx, gateway.port())) {
            gateway.stage.script(sitting -> {
                for (int from : new int[] {-1, Integer.MIN_VALUE, 99}) {
                    sitting.tell(
                            StageKind.DECODER,
                            event -> event.setFrame(Frame.newBuilder().setFrom(from)),
                            Tensor.ofBytes("image", new byte[1]));
                }
                sitting.paint();
            });
            socket.generate("a", new JsonObject());
            socket.awaitType("completed");
            assertThat(socket.events("preview")).noneMatch(event -> event.getInteger("step") == 0);
        }
    }

    @Test
    void socketsThatAreCutOffInMidJob() {
        for (int i = 0; i < CLIENTS; i++) {
            try (RawWebSocket socket = new RawWebSocket(gateway.port())) {
                socket.send("{\"type\":\"generate\",\"prompt\":\"a\",\"n\":4}");
                int before = i;
                await().until(() -> gateway.stage.sittings().size() > 4 * before);
            }
        }
    }

    @Test
    void streamsThatAreCutOff() throws IOException {
        String body = "{\"prompt\":\"a\",\"stream\":true,\"partial_images\":3,\"n\":4}";
        for (int i = 0; i < CLIENTS; i++) {
            try (Socket socket = connect()) {
                send(socket, post(body.length()) + body);
                int before = i;
                await().until(() -> gateway.stage.sittings().size() > 4 * before);
            }
        }
    }

    @Test
    void requestsThatAreCutOffWhileTheyWait() throws IOException {
        String body = "{\"prompt\":\"a\"}";
        for (int i = 0; i < CLIENTS; i++) {
            try (Socket socket = connect()) {
                send(socket, post(body.length()) + body);
                int before = i;
                await().until(() -> gateway.stage.sittings().size() > before);
            }
        }
    }

    @Test
    void uploadsThatEndInTheMiddle() throws IOException {
        gateway.stage.script(Sitting::paint);
        for (int i = 0; i < CLIENTS; i++) {
            try (Socket socket = connect()) {
                send(socket, post(1000) + "{\"prompt\":");
            }
            RawHttp.halfClosed(gateway.port(), RawHttp.bytes(post(1000) + "{\"prompt\":"));
            RawHttp.halfClosed(
                    gateway.port(),
                    RawHttp.bytes("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"));
            RawHttp.halfClosed(gateway.port(), RawHttp.bytes("GET / HT"));
        }
    }

    @Test
    void answersThatNobodyReads() throws IOException {
        for (int i = 0; i < CLIENTS; i++) {
            try (Socket socket = connect()) {
                send(socket, "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50));
            }
        }
    }

    /** A connection whose close is a reset. */
    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), gateway.port());
        socket.setSoLinger(true, 0);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(RawHttp.bytes(text));
        socket.getOutputStream().flush();
    }

    private static String post(int length) {
        return "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + length + "\r\n\r\n";
    }

    private static Logger root() {
        return (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static final class Logged extends AppenderBase<ILoggingEvent> {

        final List<ILoggingEvent> lines = new CopyOnWriteArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
                lines.add(event);
            }
        }
    }
}

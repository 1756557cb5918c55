package dev.weir.runtime.bus;

import static dev.weir.runtime.Futures.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.weir.runtime.ClusterConfig;
import dev.weir.runtime.FreePorts;
import dev.weir.runtime.HostPort;
import dev.weir.runtime.cluster.Cluster;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class WireFailuresTest {

    private static final String VERTX_WRITER = "io.vertx.core.net.impl.DelegatingChannelPromise";

    @Test
    void whatIsNoFrameIsCountedAndTheBusGoesOn() throws Exception {
        HostPort bus = FreePorts.onLoopback();
        ClusterConfig config = new ClusterConfig(
                "test-" + UUID.randomUUID(), Optional.of(FreePorts.onLoopback()), bus.port(), List.of(), false);
        Vertx vertx = get(Cluster.join("node", config, true, Vertx.builder(), new VertxOptions(), reason -> {}))
                .vertx();
        try {
            SimpleMeterRegistry metrics = new SimpleMeterRegistry();
            Courier.of(vertx, metrics);

            for (int frames = 1; frames <= 3; frames++) {
                int sent = frames;
                try (Socket stranger = new Socket(bus.host(), bus.port())) {
                    // A frame of no length, as none of ours is.
                    stranger.getOutputStream()
                            .write(ByteBuffer.allocate(64).putInt(-1).array());
                    await().until(() -> metrics.counter("weir.bus.garbled").count(), counted -> counted >= sent);
                }
            }
        } finally {
            get(vertx.close());
        }
    }

    @Test
    void onlyWhatWasNotSentOnAClosedConnectionIsNoError() {
        Logger log = (Logger) LoggerFactory.getLogger(WireFailures.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        log.addAppender(lines);
        try {
            WireFailures failures = new WireFailures(new BusMeters(new SimpleMeterRegistry()));

            failures.handle(of(new IllegalStateException("Promise already completed"), VERTX_WRITER));
            failures.handle(of(new IllegalStateException("Promise already completed"), "dev.weir.Other"));
            failures.handle(of(new NullPointerException("nothing"), VERTX_WRITER));
        } finally {
            log.detachAppender(lines);
        }
        assertThat(lines.list)
                .filteredOn(line -> line.getLevel() == Level.ERROR)
                .hasSize(2);
    }

    private static Throwable of(Exception problem, String type) {
        problem.setStackTrace(new StackTraceElement[] {new StackTraceElement(type, "close", null, 1)});
        return problem;
    }
}

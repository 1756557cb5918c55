package dev.weir.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.net.ConnectException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the logging configuration makes of a line. */
final class LogsTest {

    private final LoggerContext context = new LoggerContext();
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    LogsTest() {
        new Logs().configure(context);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        lines.start();
        root.addAppender(lines);
    }

    @AfterEach
    void stop() {
        context.stop();
    }

    @Test
    void aLostConnectionIsOneLine() {
        var cause = new ConnectException("Connection refused: /127.0.0.1:1");
        context.getLogger("io.vertx.core.eventbus.impl.clustered.OutboundConnection")
                .warn("Connecting to server n1 failed", cause);
        context.getLogger("io.netty.channel.DefaultChannelPipeline")
                .warn("An exception", new IllegalStateException("closed", cause));

        assertThat(lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "Connecting to server n1 failed: " + cause,
                        "An exception: java.lang.IllegalStateException: closed");
        assertThat(lines.list).extracting(ILoggingEvent::getThrowableProxy).containsOnlyNulls();
        assertThat(lines.list).extracting(ILoggingEvent::getLevel).containsOnly(Level.WARN);
    }

    @Test
    void everythingElseKeepsItsStack() {
        context.getLogger("io.vertx.core.impl.ContextImpl").error("Unhandled exception", new IOException("reset"));
        context.getLogger("io.netty.util.Timer").warn("A task failed", new IllegalStateException("ours"));
        context.getLogger("dev.weir.gateway.Jobs").warn("The ledger", new IOException("closed"));

        assertThat(lines.list).hasSize(3).allSatisfy(line -> assertThat(line.getThrowableProxy())
                .isNotNull());
    }
}

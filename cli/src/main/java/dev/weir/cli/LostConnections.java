package dev.weir.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.io.IOException;
import java.util.stream.Stream;
import org.slf4j.Marker;

/**
 * Writes warnings of Vert.x and Netty about a connection that was refused or lost as one line: where a node is killed, the stack says
 * nothing more. Errors, and warnings about anything else, keep their stacks. Any thread.
 */
final class LostConnections extends TurboFilter {

    private static final int MOST_CAUSES = 10;

    @Override
    public FilterReply decide(
            Marker marker, Logger logger, Level level, String message, Object[] arguments, Throwable problem) {
        if (level != Level.WARN || problem == null || !isOfTheNetwork(logger) || !isLost(problem)) {
            return FilterReply.NEUTRAL;
        }
        logger.warn(marker, (message == null ? "" : message + ": ") + problem, arguments);
        return FilterReply.DENY;
    }

    private static boolean isOfTheNetwork(Logger logger) {
        return Stream.of("io.vertx.", "io.netty.").anyMatch(logger.getName()::startsWith);
    }

    /** Netty's problems of connections, and those of the system's calls, are these. */
    private static boolean isLost(Throwable problem) {
        return Stream.iterate(problem, cause -> cause != null, Throwable::getCause)
                .limit(MOST_CAUSES)
                .anyMatch(IOException.class::isInstance);
    }
}

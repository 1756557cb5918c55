package dev.weir.runtime.bus;

import io.vertx.core.Handler;
import java.util.Arrays;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles uncaught exceptions of a Vertx. Bytes that are no bus message fail in the bus's own reader, before our codec.
 * They are counted together with invalid parcels. Vert.x completes the promise of a message twice when it closes a
 * connection with messages that wait; nothing is wrong then. Everything else is logged as an error. Any thread.
 */
final class WireFailures implements Handler<Throwable> {

    private static final Logger log = LoggerFactory.getLogger(WireFailures.class);
    private static final Set<String> READER = Set.of("io.vertx.core.eventbus.impl.clustered.InboundConnection");
    private static final Set<String> WRITER = Set.of(
            "io.vertx.core.eventbus.impl.clustered.OutboundConnection",
            "io.vertx.core.net.impl.DelegatingChannelPromise");

    private final BusMeters meters;

    WireFailures(BusMeters meters) {
        this.meters = meters;
    }

    @Override
    public void handle(Throwable problem) {
        if (passed(READER, problem)) {
            meters.garbled.increment();
            log.warn("The bus received an invalid message: {}", problem.toString());
        } else if (problem instanceof IllegalStateException && passed(WRITER, problem)) {
            log.debug("A connection was closed before a message was sent", problem);
        } else {
            log.error("Unhandled exception", problem);
        }
    }

    private static boolean passed(Set<String> types, Throwable problem) {
        return Arrays.stream(problem.getStackTrace()).anyMatch(frame -> types.contains(frame.getClassName()));
    }
}

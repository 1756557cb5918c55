package dev.weir.runtime.bus;

import io.vertx.core.Handler;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles uncaught exceptions of a Vertx. Bytes that are no bus message fail in the bus's own reader, before our codec.
 * They are counted together with invalid parcels. Everything else is logged as an error. Any thread.
 */
final class WireFailures implements Handler<Throwable> {

    private static final Logger log = LoggerFactory.getLogger(WireFailures.class);
    private static final String READER = "io.vertx.core.eventbus.impl.clustered.InboundConnection";

    private final BusMeters meters;

    WireFailures(BusMeters meters) {
        this.meters = meters;
    }

    @Override
    public void handle(Throwable problem) {
        if (Arrays.stream(problem.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(READER))) {
            meters.garbled.increment();
            log.warn("The bus received an invalid message: {}", problem.toString());
        } else {
            log.error("Unhandled exception", problem);
        }
    }
}

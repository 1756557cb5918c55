package dev.weir.runtime.bus;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** The metrics of the bus. */
final class BusMeters {

    final Counter sentBytes;
    final Counter receivedBytes;
    final Counter garbled;

    BusMeters(MeterRegistry metrics) {
        sentBytes = bytes(metrics, "sent");
        receivedBytes = bytes(metrics, "received");
        garbled = Counter.builder("weir.bus.garbled")
                .description("Messages that could not be read, and were dropped")
                .register(metrics);
    }

    private static Counter bytes(MeterRegistry metrics, String direction) {
        return Counter.builder("weir.bus.bytes")
                .description("Bytes of tensors on the bus")
                .tag("direction", direction)
                .register(metrics);
    }
}

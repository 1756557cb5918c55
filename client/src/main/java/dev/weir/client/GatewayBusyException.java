package dev.weir.client;

import java.time.Duration;
import java.util.Optional;

/** The cluster cannot take the request at the moment. The same request may succeed later. */
public final class GatewayBusyException extends WeirException {

    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    GatewayBusyException(String code, String message, Duration retryAfter) {
        super(code, message, null);
        this.retryAfter = retryAfter;
    }

    /** How long the gateway asks clients to wait before they try again. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}

package dev.weir.client;

/** None of the client's gateways answered. */
public final class GatewayUnreachableException extends WeirException {

    private static final long serialVersionUID = 1L;

    GatewayUnreachableException(String message, Throwable cause) {
        super("", message, cause);
    }
}

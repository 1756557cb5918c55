package dev.weir.gateway.ledger;

/** The idempotency key belongs to another request. */
public final class ReusedKeyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ReusedKeyException() {
        super("the key came with another request before", null, false, false);
    }
}

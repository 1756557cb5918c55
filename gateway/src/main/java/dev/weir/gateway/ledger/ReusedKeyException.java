package dev.weir.gateway.ledger;

/** An idempotency key that stands for another request. */
public final class ReusedKeyException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    ReusedKeyException() {
        super("the key came with another request before", null, false, false);
    }
}

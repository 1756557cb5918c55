package dev.weir.gateway.ledger;

/** No gateway knows a job of this name, now or any more. */
public final class UnknownJobException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean expired;

    UnknownJobException(boolean expired) {
        super(expired ? "the job is over, and no longer kept" : "there is no such job", null, false, false);
        this.expired = expired;
    }

    /** Whether it may have been there once. */
    public boolean expired() {
        return expired;
    }
}

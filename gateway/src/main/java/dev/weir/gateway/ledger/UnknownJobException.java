package dev.weir.gateway.ledger;

/** No gateway knows a job with this name, or no longer. */
public final class UnknownJobException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean expired;

    UnknownJobException(boolean expired) {
        super(
                expired
                        ? "the server no longer knows this job: it was deleted, it ended a while ago, or its servers were restarted"
                        : "there is no such job",
                null,
                false,
                false);
        this.expired = expired;
    }

    /** Whether such a job may have existed. */
    public boolean expired() {
        return expired;
    }
}

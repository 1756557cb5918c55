package dev.weir.gateway.job;

/** A job was rejected, and nothing was started. */
public final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public enum Reason {
        /** The gateway holds the maximum number of jobs or samples. */
        BUSY,
        /** No node could do the job at present. */
        UNAVAILABLE,
        /** The job is larger than a job may be: another attempt is refused too. */
        TOO_LARGE
    }

    private final Reason reason;
    private final String code;
    private final long retryAfterSeconds;

    RefusedException(Reason reason, String code, String message, long retryAfterSeconds) {
        super(message, null, false, false);
        this.reason = reason;
        this.code = code;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    /** It cannot be done at present. */
    public static RefusedException unavailable(String code, String message, long retryAfterSeconds) {
        return new RefusedException(Reason.UNAVAILABLE, code, message, retryAfterSeconds);
    }

    /** This gateway holds as much as it may. */
    public static RefusedException busy(String code, String message, long retryAfterSeconds) {
        return new RefusedException(Reason.BUSY, code, message, retryAfterSeconds);
    }

    public Reason reason() {
        return reason;
    }

    /** Stable, snake_case. */
    public String code() {
        return code;
    }

    /** When another attempt makes sense; 0: never. */
    public long retryAfterSeconds() {
        return retryAfterSeconds;
    }
}

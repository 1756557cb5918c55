package dev.weir.runtime.stage;

/**
 * Why a sample failed.
 *
 * @param code stable, snake_case, for programs
 * @param message for people; names the field and the limit if there is one
 * @param retryable whether another attempt, elsewhere or later, may succeed
 * @param newestAttempt if superseded: the newest attempt that is known where the sample was refused; 0: none
 */
public record Failure(String code, String message, boolean retryable, int newestAttempt) {

    /** The code of a superseded sample: a newer attempt or the end of the job is known. */
    public static final String SUPERSEDED = "superseded";

    /** The code of a sample whose numbers are NaN or infinite. */
    public static final String NOT_FINITE = "not_finite";

    public Failure(String code, String message, boolean retryable) {
        this(code, message, retryable, 0);
    }

    public static Failure superseded(String message, int newestAttempt) {
        return new Failure(SUPERSEDED, message, false, newestAttempt);
    }

    public boolean isSuperseded() {
        return code.equals(SUPERSEDED);
    }
}

package dev.weir.runtime.stage;

/**
 * Why a sample could not be made.
 *
 * @param code stable, snake_case: what programs look at
 * @param message for people; names the field and the limit where there is one
 * @param retryable whether another try, elsewhere or later, may succeed
 * @param newestAttempt of what is superseded: the newest attempt at the sample that is known where it was refused; 0: none
 */
public record Failure(String code, String message, boolean retryable, int newestAttempt) {

    /** The code of what is not to be gone on with: a newer attempt is known, or the job's end. */
    public static final String SUPERSEDED = "superseded";

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

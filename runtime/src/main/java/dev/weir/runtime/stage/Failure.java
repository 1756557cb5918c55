package dev.weir.runtime.stage;

/**
 * Why a sample could not be made.
 *
 * @param code stable, snake_case: what programs look at
 * @param message for people; names the field and the limit where there is one
 * @param retryable whether another try, elsewhere or later, may succeed
 */
public record Failure(String code, String message, boolean retryable) {

    /** The code of what is not to be gone on with: a newer attempt is known, or the job's end. */
    public static final String SUPERSEDED = "superseded";
}

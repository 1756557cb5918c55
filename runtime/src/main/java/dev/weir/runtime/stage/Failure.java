package dev.weir.runtime.stage;

import dev.weir.proto.v1.Failed;

/**
 * Why a sample failed.
 *
 * @param code stable, snake_case, for programs
 * @param message for people; names the field and the limit if there is one
 * @param retryable whether another attempt, elsewhere or later, may succeed
 * @param newest if superseded: the newest attempt that is known where the sample was refused
 */
public record Failure(String code, String message, boolean retryable, Attempt newest) {

    /** The code of a superseded sample: a newer attempt or the end of the job is known. */
    public static final String SUPERSEDED = "superseded";

    /** The code of a sample whose numbers are NaN or infinite. */
    public static final String NOT_FINITE = "not_finite";

    /** The code of a sample whose request names a file beside the model that the node does not have as it was, or cannot read now. */
    public static final String FILE_UNAVAILABLE = "file_unavailable";

    /** The code of a sample whose request names a file that no node has any more. */
    public static final String FILE_MISSING = "file_missing";

    public Failure(String code, String message, boolean retryable) {
        this(code, message, retryable, Attempt.NONE);
    }

    public static Failure of(Failed failed) {
        return new Failure(
                failed.getCode(),
                failed.getMessage(),
                failed.getRetryable(),
                new Attempt(failed.getNewestEpoch(), failed.getNewestAttempt()));
    }

    public static Failure superseded(String message, Attempt newest) {
        return new Failure(SUPERSEDED, message, false, newest);
    }

    public boolean isSuperseded() {
        return code.equals(SUPERSEDED);
    }

    Failed toProto() {
        return Failed.newBuilder()
                .setCode(code)
                .setMessage(message)
                .setRetryable(retryable)
                .setNewestAttempt(newest.number())
                .setNewestEpoch(newest.epoch())
                .build();
    }
}

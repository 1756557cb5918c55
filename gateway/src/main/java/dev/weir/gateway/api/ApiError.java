package dev.weir.gateway.api;

import dev.weir.gateway.job.RefusedException;
import dev.weir.gateway.ledger.ReusedKeyException;
import dev.weir.gateway.ledger.UnknownJobException;
import dev.weir.runtime.memory.MemoryException;
import dev.weir.runtime.stage.Failure;
import io.vertx.core.json.JsonObject;
import java.util.Optional;

/**
 * An error answer, in the shape that OpenAI's libraries read.
 *
 * @param code stable, snake_case
 * @param param the field of the request, or null
 * @param retryAfterSeconds when another attempt makes sense; 0: not stated
 */
public record ApiError(int status, String type, String code, String message, String param, long retryAfterSeconds) {

    private static final String INVALID = "invalid_request_error";
    private static final String UNAVAILABLE = "service_unavailable_error";
    /** As often as nodes look into their folders. */
    private static final long FILE_SECONDS = 2;

    /** For clients that still wait when another client cancelled the job. */
    public static final ApiError CANCELLED = invalid("cancelled", "the job was cancelled", null);

    /** For clients that ask for the images of a request again. */
    public static final ApiError DELETED = invalid(410, "deleted", "an image of this request was deleted", null);

    /** For clients of a gateway that receives nothing more about the job. */
    public static final ApiError LOST = new ApiError(
            503, UNAVAILABLE, "job_elsewhere", "the job continues at another gateway; ask for it again", null, 1);

    public static final ApiError TOO_LARGE = invalid(413, "body_too_large", "the body is larger than the limit", null);

    public static ApiError invalid(String code, String message, String param) {
        return invalid(400, code, message, param);
    }

    public static ApiError invalid(int status, String code, String message, String param) {
        return new ApiError(status, INVALID, code, message, param, 0);
    }

    /** A file beside a model that a request names cannot be used at the moment. */
    static ApiError changing(String message) {
        return new ApiError(503, UNAVAILABLE, Failure.FILE_UNAVAILABLE, message, null, FILE_SECONDS);
    }

    public static ApiError internal() {
        return new ApiError(500, "server_error", "internal_error", "the gateway failed; its log says why", null, 0);
    }

    public static ApiError of(RefusedException refused) {
        return switch (refused.reason()) {
            case BUSY ->
                new ApiError(
                        429,
                        "rate_limit_error",
                        refused.code(),
                        refused.getMessage(),
                        null,
                        refused.retryAfterSeconds());
            case UNAVAILABLE ->
                new ApiError(503, UNAVAILABLE, refused.code(), refused.getMessage(), null, refused.retryAfterSeconds());
            case TOO_LARGE -> invalid(refused.code(), refused.getMessage(), null);
        };
    }

    public static ApiError of(UnknownJobException unknown) {
        return unknown.expired()
                ? invalid(410, "expired", unknown.getMessage(), null)
                : invalid(404, "not_found", unknown.getMessage(), null);
    }

    /**
     * Why a request was rejected. Empty if the reason is internal.
     *
     * @param keyParam the field of the idempotency key
     */
    public static Optional<ApiError> of(Throwable problem, String keyParam) {
        if (problem instanceof ApiException refused) {
            return Optional.of(refused.error());
        }
        if (problem instanceof RefusedException refused) {
            return Optional.of(of(refused));
        }
        if (problem instanceof MemoryException unsaid) {
            // A node that holds a part of the memory is gone and not yet removed. The same request may soon succeed.
            return Optional.of(of(RefusedException.unavailable("no_memory", unsaid.getMessage(), 1)));
        }
        if (problem instanceof UnknownJobException unknown) {
            return Optional.of(of(unknown));
        }
        if (problem instanceof ReusedKeyException reused) {
            return Optional.of(invalid(409, "idempotency_key_reused", reused.getMessage(), keyParam));
        }
        return Optional.empty();
    }

    /** Why a started image failed. */
    public static ApiError of(Failure failure) {
        int status =
                switch (failure.code()) {
                    case "invalid_task", "invalid_image", "invalid_prompt" -> 400;
                    case Failure.FILE_MISSING -> 404;
                    case "deadline_exceeded" -> 504;
                    case "no_node",
                            "node_lost",
                            "silence",
                            "handed_back",
                            "image_lost",
                            "shutting_down",
                            Failure.FILE_UNAVAILABLE -> 503;
                    default -> 500;
                };
        String type =
                switch (status) {
                    case 400, 404 -> INVALID;
                    case 504 -> "timeout_error";
                    case 503 -> UNAVAILABLE;
                    default -> "server_error";
                };
        long retryAfter = failure.code().equals(Failure.FILE_UNAVAILABLE) ? FILE_SECONDS : 0;
        return new ApiError(
                status, type, failure.code(), failure.message(), status == 400 ? field(failure) : null, retryAfter);
    }

    /** The field of the request that the message of a stage begins with, or null. */
    private static String field(Failure failure) {
        String first = failure.message().split("[ :]", 2)[0];
        return RequestReader.GENERATION.contains(first) ? first : null;
    }

    public JsonObject toJson() {
        return new JsonObject()
                .put(
                        "error",
                        new JsonObject()
                                .put("type", type)
                                .put("code", code)
                                .put("message", message)
                                .put("param", param));
    }
}

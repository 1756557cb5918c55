package dev.weir.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;

/**
 * The base of everything that {@link WeirClient} throws. {@link #code()} is the gateway's stable code, such as {@code
 * model_not_found}. It is empty where the error did not come from a gateway.
 */
public abstract class WeirException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String code;

    WeirException(String code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The gateway's code in snake_case, or an empty string. */
    public String code() {
        return code;
    }

    /**
     * The exception for an error object of the gateway.
     *
     * @param retryAfterSeconds 0 where the gateway did not say
     * @param otherwise the message where the object has none
     */
    static WeirException of(JsonNode error, long retryAfterSeconds, String otherwise) {
        String code = error.path("code").asText("");
        String message = error.path("message").asText(otherwise);
        if (code.equals("cancelled")) {
            return new GenerationCancelledException(message);
        }
        return switch (error.path("type").asText()) {
            case "invalid_request_error" ->
                new InvalidRequestException(code, message, error.path("param").textValue());
            case "rate_limit_error", "service_unavailable_error" ->
                new GatewayBusyException(
                        code, message, retryAfterSeconds > 0 ? Duration.ofSeconds(retryAfterSeconds) : null);
            default -> new GenerationFailedException(code, message);
        };
    }
}

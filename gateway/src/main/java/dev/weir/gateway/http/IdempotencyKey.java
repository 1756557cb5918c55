package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.job.Sha256;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The header, or the field of a socket's command, which states that a request is a repetition.
 *
 * @param request SHA-256 of path and body
 */
public record IdempotencyKey(String key, byte[] request) {

    static final String HEADER = "Idempotency-Key";
    public static final int MAX_LENGTH = 255;
    public static final String NO_CONTROLS = "must not have control characters";

    /** Empty if a request is no repetition. */
    static Optional<String> header(RoutingContext ctx) {
        String key = ctx.request().getHeader(HEADER);
        if (key == null) {
            return Optional.empty();
        }
        if (key.isBlank() || key.length() > MAX_LENGTH) {
            String message = "%s must have from 1 to %d characters".formatted(HEADER, MAX_LENGTH);
            throw new ApiException(ApiError.invalid("invalid_value", message, HEADER));
        }
        if (hasControls(key)) {
            throw new ApiException(ApiError.invalid("invalid_value", HEADER + " " + NO_CONTROLS, HEADER));
        }
        return Optional.of(key);
    }

    /** A database cannot store all of them. */
    public static boolean hasControls(String key) {
        return key.chars().anyMatch(Character::isISOControl);
    }

    /** @param body of the request, byte for byte */
    public static IdempotencyKey of(String key, String path, byte[] body) {
        return new IdempotencyKey(key, Sha256.of(path.getBytes(StandardCharsets.UTF_8), body));
    }
}

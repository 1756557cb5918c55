package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * The header by which a client says that a request is the one it sent before.
 *
 * @param request SHA-256 of path and body
 */
record IdempotencyKey(String key, byte[] request) {

    static final String HEADER = "Idempotency-Key";
    static final int MAX_LENGTH = 255;

    static Optional<IdempotencyKey> of(RoutingContext ctx) {
        String key = ctx.request().getHeader(HEADER);
        if (key == null) {
            return Optional.empty();
        }
        if (key.isBlank() || key.length() > MAX_LENGTH) {
            String message = "%s must have from 1 to %d characters".formatted(HEADER, MAX_LENGTH);
            throw new ApiException(ApiError.invalid("invalid_value", message, HEADER));
        }
        return Optional.of(
                new IdempotencyKey(key, digest(ctx.request().path(), ctx.body().buffer())));
    }

    private static byte[] digest(String path, Buffer body) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(path.getBytes(StandardCharsets.UTF_8));
            return digest.digest(body == null ? new byte[0] : body.getBytes());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

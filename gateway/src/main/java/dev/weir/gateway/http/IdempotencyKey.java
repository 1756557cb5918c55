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
 * The header, or the field of a socket's command, which states that a request is a repetition.
 *
 * @param request SHA-256 of path and body
 */
public record IdempotencyKey(String key, byte[] request) {

    static final String HEADER = "Idempotency-Key";
    public static final int MAX_LENGTH = 255;

    static Optional<IdempotencyKey> of(RoutingContext ctx) {
        String key = ctx.request().getHeader(HEADER);
        if (key == null) {
            return Optional.empty();
        }
        if (key.isBlank() || key.length() > MAX_LENGTH) {
            String message = "%s must have from 1 to %d characters".formatted(HEADER, MAX_LENGTH);
            throw new ApiException(ApiError.invalid("invalid_value", message, HEADER));
        }
        return Optional.of(of(key, ctx.request().path(), content(ctx)));
    }

    private static byte[] content(RoutingContext ctx) {
        if (FormBody.isForm(ctx)) {
            return FormBody.content(ctx);
        }
        Buffer body = ctx.body().buffer();
        return body == null ? new byte[0] : body.getBytes();
    }

    /** @param body of the request, byte for byte */
    public static IdempotencyKey of(String key, String path, byte[] body) {
        return new IdempotencyKey(key, digest(path, body));
    }

    private static byte[] digest(String path, byte[] body) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(path.getBytes(StandardCharsets.UTF_8));
            return digest.digest(body);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}

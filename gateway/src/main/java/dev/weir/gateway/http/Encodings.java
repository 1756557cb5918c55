package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/** How a request's body is encoded, as its {@code Content-Encoding} says. Immutable; any thread. */
record Encodings(String encoding) {

    private static final String KNOWN = "gzip, deflate";

    /** On the event loop of the request. Throws {@link ApiException} if it is none of the known ones. */
    static Encodings of(RoutingContext ctx) {
        String encoding = ctx.request().headers().getAll(HttpHeaderNames.CONTENT_ENCODING.toString()).stream()
                .reduce("", (all, one) -> all.isEmpty() ? one : all + ", " + one)
                .trim()
                .toLowerCase(Locale.ROOT);
        if (!List.of("", "identity", "gzip", "x-gzip", "deflate").contains(encoding)) {
            ctx.response().putHeader(HttpHeaderNames.ACCEPT_ENCODING, KNOWN);
            String message = "Content-Encoding must be one of %s, not %.60s".formatted(KNOWN, encoding);
            throw new ApiException(ApiError.invalid(415, "unsupported_content_encoding", message, null));
        }
        return new Encodings(encoding);
    }

    /** @param limit in bytes, of what comes out */
    byte[] decoded(byte[] sent, int limit) {
        return switch (encoding) {
            case "gzip", "x-gzip" ->
                inflated(encoding, limit, () -> new GZIPInputStream(new ByteArrayInputStream(sent)));
            case "deflate" -> inflated(encoding, limit, () -> new InflaterInputStream(new ByteArrayInputStream(sent)));
            default -> sent;
        };
    }

    private interface Opening {
        InputStream open() throws IOException;
    }

    private static byte[] inflated(String encoding, int limit, Opening opening) {
        try (InputStream in = opening.open()) {
            byte[] body = in.readNBytes(limit + 1);
            if (body.length > limit) {
                throw new ApiException(ApiError.TOO_LARGE);
            }
            return body;
        } catch (IOException e) {
            throw new ApiException(ApiError.invalid("bad_request", "the body is not valid " + encoding, null));
        }
    }
}

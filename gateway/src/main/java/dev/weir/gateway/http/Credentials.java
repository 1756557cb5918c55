package dev.weir.gateway.http;

import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The API key of a request: a bearer token, the password of Basic, or, as pages cannot set headers of WebSockets, a subprotocol
 * {@code weir-key.KEY}. Immutable.
 *
 * @param fromBrowser whether a browser may have added it by itself, for whatever page
 */
record Credentials(String key, boolean fromBrowser) {

    /** How older clients of Replicate send a bearer token. */
    private static final String OF_OLD_REPLICATE = "Token";

    private static final String KEY_SUBPROTOCOL = "weir-key.";

    static Optional<Credentials> of(HttpServerRequest request) {
        List<String> headers = request.headers().getAll("Authorization");
        if (headers.isEmpty()) {
            return subprotocol(request);
        }
        String[] words = headers.get(0).strip().split(" +", 2);
        if (headers.size() > 1 || words.length < 2) {
            return Optional.empty();
        }
        if (words[0].equalsIgnoreCase("Bearer") || words[0].equalsIgnoreCase(OF_OLD_REPLICATE)) {
            return Optional.of(new Credentials(words[1], false));
        }
        return words[0].equalsIgnoreCase("Basic") ? basic(words[1]) : Optional.empty();
    }

    /** The name before the colon may be any. */
    private static Optional<Credentials> basic(String base64) {
        try {
            String pair = new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
            return Optional.of(new Credentials(pair.substring(pair.indexOf(':') + 1), true));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Optional<Credentials> subprotocol(HttpServerRequest request) {
        return request.headers().getAll("Sec-WebSocket-Protocol").stream()
                .flatMap(header -> List.of(header.split(",")).stream())
                .map(String::strip)
                .filter(protocol -> protocol.startsWith(KEY_SUBPROTOCOL))
                .map(protocol -> new Credentials(protocol.substring(KEY_SUBPROTOCOL.length()), false))
                .findFirst();
    }
}

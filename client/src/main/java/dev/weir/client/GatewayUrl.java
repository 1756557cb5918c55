package dev.weir.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * The base URL of a gateway, in the forms that people give it: {@code https://host/prefix}, with or without a slash or the API's own
 * {@code /v1} at the end, or a bare {@code host:port}, which means HTTP.
 */
final class GatewayUrl {

    private static final String EXAMPLE = " is not a URL such as http://127.0.0.1:8080";

    private GatewayUrl() {}

    /** The URL without a slash at the end. Throws {@link IllegalArgumentException} where the text is no such URL. */
    static URI parse(String text) {
        String stripped = text.strip();
        URI url;
        try {
            url = new URI(stripped.contains("://") ? stripped : "http://" + stripped);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(text + EXAMPLE, e);
        }
        String scheme = url.getScheme().toLowerCase(Locale.ROOT);
        if (url.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
            throw new IllegalArgumentException(text + EXAMPLE);
        }
        if (url.getRawQuery() != null || url.getRawFragment() != null || url.getRawUserInfo() != null) {
            throw new IllegalArgumentException(text + ": a gateway's URL has no user, query or fragment");
        }
        String path = url.getRawPath()
                .replaceFirst("/+$", "")
                .replaceFirst("/v1$", "")
                .replaceFirst("/+$", "");
        return URI.create(scheme + "://" + url.getRawAuthority() + path);
    }
}

package dev.weir.gateway.http;

import java.net.URI;
import java.util.Locale;
import java.util.Optional;

/**
 * A web origin: scheme, host and port.
 *
 * @param host in lower case; an IPv6 address keeps its brackets
 * @param port the scheme's own where the origin names none
 */
record Origin(String scheme, String host, int port) {

    private static final int MOST_PORT = 65_535;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /** Empty where the text is no http or https origin, as browsers send {@code null} for a sandboxed page. */
    static Optional<Origin> parse(String text) {
        try {
            URI uri = URI.create(text.trim());
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            boolean isOrigin = (scheme.equals("http") || scheme.equals("https"))
                    && uri.getHost() != null
                    && uri.getPort() <= MOST_PORT
                    && uri.getUserInfo() == null
                    && (uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"))
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null;
            return isOrigin
                    ? Optional.of(new Origin(
                            scheme,
                            uri.getHost().toLowerCase(Locale.ROOT),
                            uri.getPort() > 0 ? uri.getPort() : defaultPort(scheme)))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    static int defaultPort(String scheme) {
        return scheme.equals("https") ? HTTPS_PORT : HTTP_PORT;
    }

    /** As a URL begins with it. */
    String text() {
        return scheme + "://" + host + (port == defaultPort(scheme) ? "" : ":" + port);
    }
}

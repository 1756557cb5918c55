package dev.weir.gateway.http;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host and a port, as the {@code Host} header has them.
 *
 * @param host in lower case; an IPv6 address keeps its brackets
 * @param port 0 where none is named
 */
record Authority(String host, int port) {

    private static final Pattern FORM =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?)(?::([0-9]{1,5}))?");
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
    private static final int MAX_PORT = 65_535;

    /** Empty where the text is no host with or without a port. */
    static Optional<Authority> parse(String text) {
        Matcher matcher = FORM.matcher(text == null ? "" : text.trim());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        int port = matcher.group(2) == null ? 0 : Integer.parseInt(matcher.group(2));
        return port > MAX_PORT
                ? Optional.empty()
                : Optional.of(new Authority(matcher.group(1).toLowerCase(Locale.ROOT), port));
    }

    /** Whether a browser reached it without asking a name server, so that no name can have been rebound to it. */
    boolean isAddress() {
        return host.startsWith("[") || IPV4.matcher(host).matches();
    }

    boolean isLoopback() {
        return host.equals("localhost")
                || host.endsWith(".localhost")
                || host.equals("[::1]")
                || host.startsWith("127.") && isAddress();
    }

    /** Whether an origin's pages come from here; a port that is not named here may be any. */
    boolean isOf(Origin origin) {
        return host.equals(origin.host()) && (port == 0 || port == origin.port());
    }
}

package dev.weir.runtime;

/**
 * A host with an optional port.
 *
 * @param port 0 if none is given
 */
public record HostPort(String host, int port) {

    /**
     * Reads {@code host}, {@code host:port}, {@code 2001:db8::1} or {@code [2001:db8::1]:port}. Throws an
     * IllegalArgumentException that quotes the text.
     */
    public static HostPort parse(String text) {
        String trimmed = text.trim();
        int bracket = trimmed.startsWith("[") ? trimmed.indexOf(']') : -1;
        int colon = trimmed.lastIndexOf(':');
        boolean bareV6 = bracket < 0 && colon != trimmed.indexOf(':');
        boolean hasPort = colon > bracket && !bareV6;
        String host = hasPort ? trimmed.substring(0, colon) : trimmed;
        if (bracket >= 0) {
            host = host.substring(1, host.length() - 1);
        }
        try {
            int port = hasPort ? Integer.parseInt(trimmed.substring(colon + 1)) : 0;
            if (host.isBlank() || port < 0 || port > 65_535 || hasPort && port == 0) {
                throw new IllegalArgumentException("\"%s\" is not HOST or HOST:PORT".formatted(text));
            }
            return new HostPort(host, port);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"%s\" is not HOST or HOST:PORT".formatted(text), e);
        }
    }

    @Override
    public String toString() {
        String shown = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
        return port == 0 ? shown : shown + ":" + port;
    }
}

package dev.weir.gateway.http;

import java.util.List;

/**
 * Which proxies may say where a request comes from, and which web origins this gateway has. Immutable.
 *
 * <p>Without allowed origins the gateway compares the origin of a page with the host that the page asked for.
 */
public final class Access {

    /** The addresses of this machine itself. */
    public static final List<String> LOOPBACK = List.of("127.0.0.0/8", "::1");

    /** Trusts proxies on this machine, and allows the origin that the gateway is asked under. */
    public static final Access DEFAULT = of(LOOPBACK, List.of());

    private static final String ANY = "*";

    private final TrustedProxies trustedProxies;
    private final List<Origin> origins;
    private final boolean anyOrigin;

    private Access(TrustedProxies trustedProxies, List<Origin> origins, boolean anyOrigin) {
        this.trustedProxies = trustedProxies;
        this.origins = origins;
        this.anyOrigin = anyOrigin;
    }

    /**
     * @param trustedProxies IP addresses and networks; blank ones are left out here and below
     * @param allowedOrigins as {@code https://weir.example}; {@code *} allows all; none: see above
     * @throws IllegalArgumentException that names the first value which is wrong
     */
    public static Access of(List<String> trustedProxies, List<String> allowedOrigins) {
        List<Origin> origins = allowedOrigins.stream()
                .filter(origin -> !origin.equals(ANY) && !origin.isBlank())
                .map(Access::origin)
                .toList();
        return new Access(
                TrustedProxies.of(trustedProxies.stream()
                        .filter(proxy -> !proxy.isBlank())
                        .toList()),
                origins,
                allowedOrigins.contains(ANY));
    }

    private static Origin origin(String text) {
        return Origin.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "an allowed origin must be * or a URL such as https://weir.example, not \"%s\""
                                .formatted(text)));
    }

    TrustedProxies trustedProxies() {
        return trustedProxies;
    }

    List<Origin> origins() {
        return origins;
    }

    boolean isConfigured() {
        return anyOrigin || !origins.isEmpty();
    }

    boolean allows(Origin origin) {
        return anyOrigin || origins.contains(origin);
    }

    boolean knows(Authority host) {
        return anyOrigin || origins.stream().anyMatch(origin -> origin.host().equals(host.host()));
    }
}

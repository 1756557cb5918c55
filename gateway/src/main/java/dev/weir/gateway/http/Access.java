package dev.weir.gateway.http;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Which proxies may say where a request comes from, which web origins this gateway has, and pages of which other origins may use it.
 * Immutable.
 *
 * <p>Without allowed origins the gateway compares the origin of a page with the host that the page asked for.
 */
public final class Access {

    /** The addresses of this machine itself. */
    public static final List<String> LOOPBACK = List.of("127.0.0.0/8", "::1");

    /** Trusts proxies on this machine, and allows the origin that the gateway is asked under. */
    public static final Access DEFAULT = of(LOOPBACK, List.of());

    private static final String ANY = "*";
    /** Apps and browser extensions have schemes of their own. */
    private static final Pattern OTHER_SCHEME = Pattern.compile("(?!https?:)[a-z][a-z0-9+.-]*://[^/?#,\\s]+");

    private final Networks trustedProxies;
    private final List<Origin> origins;
    private final boolean anyOrigin;
    /** As browsers write them. */
    private final Set<String> crossOrigins;

    private Access(Networks trustedProxies, List<Origin> origins, boolean anyOrigin, Set<String> crossOrigins) {
        this.trustedProxies = trustedProxies;
        this.origins = origins;
        this.anyOrigin = anyOrigin;
        this.crossOrigins = crossOrigins;
    }

    /**
     * @param trustedProxies IP addresses and networks; blank ones are left out, also of the origins
     * @param allowedOrigins as {@code https://weir.example}; {@code *} allows all; none: see above
     * @throws IllegalArgumentException that names the first value which is wrong
     */
    public static Access of(List<String> trustedProxies, List<String> allowedOrigins) {
        List<Origin> origins = allowedOrigins.stream()
                .filter(origin -> !origin.equals(ANY) && !origin.isBlank())
                .map(Access::origin)
                .toList();
        return new Access(
                Networks.of(
                        "a trusted proxy",
                        trustedProxies.stream()
                                .filter(proxy -> !proxy.isBlank())
                                .toList()),
                origins,
                allowedOrigins.contains(ANY),
                Set.of());
    }

    /**
     * @param others origins of pages of other servers that may use this gateway, as {@code https://app.example}
     * @throws IllegalArgumentException that names the first value which is wrong
     */
    public Access withCrossOrigins(List<String> others) {
        Set<String> cross = others.stream().map(Access::crossOrigin).collect(Collectors.toUnmodifiableSet());
        return new Access(trustedProxies, origins, anyOrigin, cross);
    }

    private static String crossOrigin(String text) {
        String lower = text.trim().toLowerCase(Locale.ROOT).replaceFirst("/$", "");
        if (OTHER_SCHEME.matcher(lower).matches()) {
            return lower;
        }
        return Origin.parse(text)
                .map(Origin::text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "--cors-origin must be an origin such as https://app.example, not \"%s\"; all origins (*) cannot be allowed"
                                .formatted(text)));
    }

    private static Origin origin(String text) {
        return Origin.parse(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "an allowed origin must be * or a URL such as https://weir.example, not \"%s\""
                                .formatted(text)));
    }

    Networks trustedProxies() {
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

    Set<String> crossOrigins() {
        return crossOrigins;
    }

    /** @param header {@code Origin} as a browser sends it */
    boolean isCrossOrigin(String header) {
        return crossOrigins.contains(header);
    }

    boolean knows(Authority host) {
        return anyOrigin || origins.stream().anyMatch(origin -> origin.host().equals(host.host()));
    }
}

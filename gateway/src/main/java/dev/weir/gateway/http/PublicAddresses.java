package dev.weir.gateway.http;

import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds out how a client reached this gateway: by what a trusted proxy says, else by the connection itself, else by the
 * configured origins. Guesses nothing beyond that. Immutable.
 */
public final class PublicAddresses {

    private static final List<String> FORWARDING = List.of(
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Proto",
            "X-Forwarded-Host",
            "X-Forwarded-Port",
            "X-Forwarded-Prefix");
    private static final Pattern PREFIX = Pattern.compile("(/[A-Za-z0-9._~-]+)*");

    private final Networks proxies;
    private final List<Origin> allowed;

    PublicAddresses(Access access) {
        this.proxies = access.trustedProxies();
        this.allowed = access.origins();
    }

    PublicAddress of(HttpServerRequest request) {
        if (isForwarded(request)) {
            return new PublicAddress(origin(request), prefix(request));
        }
        Optional<Authority> host = host(request);
        boolean isDirect = FORWARDING.stream().noneMatch(request.headers()::contains)
                && host.filter(h -> isOwn(h, request)).isPresent();
        return new PublicAddress(
                isDirect ? host.map(h -> origin(request.scheme(), h)) : host.flatMap(this::configured), "");
    }

    /** Whether it comes from an address of a trusted proxy, which says no more than that or does. */
    boolean isFromProxy(HttpServerRequest request) {
        return proxies.contains(request.remoteAddress().hostAddress());
    }

    /** Whether a trusted proxy says how the client asked for it. */
    boolean isForwarded(HttpServerRequest request) {
        return isFromProxy(request) && FORWARDING.stream().anyMatch(request.headers()::contains);
    }

    /** The host that the client asked for: as a trusted proxy says, else as the request does. */
    Optional<Authority> askedHost(HttpServerRequest request) {
        return isForwarded(request) ? forwardedHost(request) : host(request);
    }

    static Optional<Authority> host(HttpServerRequest request) {
        return hosts(request).size() == 1 ? Authority.parse(hosts(request).get(0)) : Optional.empty();
    }

    /** As the request names them: one, unless it is malformed or of HTTP/1.0. */
    static List<String> hosts(HttpServerRequest request) {
        List<String> headers = request.headers().getAll("Host");
        return headers.isEmpty() && request.authority() != null
                ? List.of(request.authority().toString())
                : headers;
    }

    private Optional<Origin> origin(HttpServerRequest request) {
        Optional<String> scheme = forwarded(request, "proto", "X-Forwarded-Proto")
                .map(proto -> proto.toLowerCase(Locale.ROOT))
                .filter(proto -> proto.equals("http") || proto.equals("https"));
        Optional<Authority> host = forwardedHost(request);
        return scheme.isEmpty() ? host.flatMap(this::configured) : host.map(h -> origin(scheme.get(), h));
    }

    private Optional<Authority> forwardedHost(HttpServerRequest request) {
        Optional<Authority> host = forwarded(request, "host", "X-Forwarded-Host")
                .flatMap(Authority::parse)
                .or(() -> host(request));
        return host.map(h -> h.port() > 0
                ? h
                : first(request.getHeader("X-Forwarded-Port"))
                        .flatMap(port -> Authority.parse(h.host() + ":" + port))
                        .orElse(h));
    }

    private static String prefix(HttpServerRequest request) {
        return first(request.getHeader("X-Forwarded-Prefix"))
                .map(prefix -> prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix)
                .filter(prefix -> PREFIX.matcher(prefix).matches())
                .orElse("");
    }

    /** The parameter of {@code Forwarded} where there is such a header, else the other header's first value. */
    private Optional<String> forwarded(HttpServerRequest request, String parameter, String header) {
        List<String> standard = request.headers().getAll("Forwarded");
        if (standard.isEmpty()) {
            return first(request.getHeader(header));
        }
        return trusted(ForwardedHeader.parse(String.join(",", standard))).stream()
                .map(element -> element.get(parameter))
                .flatMap(Stream::ofNullable)
                .findFirst();
    }

    /** What trusted proxies wrote: the last element, and each one before it whose successor was sent by a trusted proxy. */
    private List<Map<String, String>> trusted(List<Map<String, String>> elements) {
        int first = elements.size() - 1;
        while (first > 0 && proxies.contains(address(elements.get(first).getOrDefault("for", "")))) {
            first--;
        }
        return elements.subList(Math.max(0, first), elements.size());
    }

    /** A node of {@code Forwarded} without its port and brackets. */
    private static String address(String node) {
        if (node.startsWith("[")) {
            return node.substring(1, Math.max(1, node.indexOf(']')));
        }
        return node.indexOf(':') == node.lastIndexOf(':') ? node.split(":", 2)[0] : node;
    }

    private static Optional<String> first(String list) {
        return Optional.ofNullable(list)
                .map(values -> values.split(",", 2)[0].trim())
                .filter(value -> !value.isEmpty());
    }

    private Optional<Origin> configured(Authority host) {
        return allowed.stream().filter(host::isOf).findFirst();
    }

    /** Whether the host is the address that the connection came in at, so that no proxy with another address is between. */
    private static boolean isOwn(Authority host, HttpServerRequest request) {
        SocketAddress local = request.localAddress();
        InetAddress own = NetUtil.createInetAddressFromIpAddressString(local.hostAddress());
        InetAddress asked =
                NetUtil.createInetAddressFromIpAddressString(host.host().replaceAll("[\\[\\]]", ""));
        boolean isLocal = own != null && (own.equals(asked) || own.isLoopbackAddress() && host.isLoopback());
        return isLocal && (host.port() == 0 ? Origin.defaultPort(request.scheme()) : host.port()) == local.port();
    }

    private static Origin origin(String scheme, Authority host) {
        return new Origin(scheme, host.host(), host.port() > 0 ? host.port() : Origin.defaultPort(scheme));
    }
}

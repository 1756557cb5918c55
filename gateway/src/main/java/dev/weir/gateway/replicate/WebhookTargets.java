package dev.weir.gateway.replicate;

import dev.weir.gateway.http.Networks;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Where webhooks may go: with HTTPS to the public internet, and to hosts that the operator names. Whoever may begin a prediction could
 * otherwise have the gateway call servers that only the gateway reaches. Any thread.
 */
final class WebhookTargets {

    private static final int LONGEST_URL = 2048;
    private static final int MOST_PORT = 65_535;
    private static final int HTTP = 80;
    private static final int HTTPS = 443;

    /** All that IANA does not list as globally reachable unicast. Of IPv6, 2000::/3 is. */
    private static final Networks NOT_PUBLIC = Networks.of(
            "a network",
            List.of(
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "127.0.0.0/8",
                    "169.254.0.0/16",
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "224.0.0.0/3",
                    "::/3",
                    "4000::/2",
                    "8000::/1",
                    "2001::/23",
                    "2001:db8::/32",
                    "2002::/16",
                    "3fff::/20"));

    private final Set<String> hosts;

    /** @param address the one that was checked, as digits, which no further look-up can change */
    record Target(boolean tls, String host, int port, String address, String path) {}

    /** @param hosts in lower case, that may have any address, and be called without TLS */
    WebhookTargets(Set<String> hosts) {
        this.hosts = hosts;
    }

    /** Checks what is known without a look-up. Throws {@link IllegalArgumentException} that completes "webhook ...". */
    void require(String url) {
        URI uri = parse(url);
        byte[] digits = NetUtil.createByteArrayFromIpAddressString(host(uri));
        if (digits != null && !hosts.contains(host(uri))) {
            requirePublic(NetUtil.createInetAddressFromIpAddressString(host(uri)));
        }
    }

    /** Looks the host up, which may take long. Throws {@link IllegalArgumentException}, or {@link IOException} where that fails. */
    Target resolve(String url) throws IOException {
        URI uri = parse(url);
        String host = host(uri);
        InetAddress[] addresses = InetAddress.getAllByName(host);
        if (!hosts.contains(host)) {
            List.of(addresses).forEach(WebhookTargets::requirePublic);
        }
        boolean tls = isHttps(uri);
        int port = uri.getPort() >= 0 ? uri.getPort() : tls ? HTTPS : HTTP;
        String path = uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        return new Target(tls, host, port, addresses[0].getHostAddress(), path + query);
    }

    /** The host of a URL that was checked, in lower case. */
    static String host(String url) {
        return host(URI.create(url));
    }

    private URI parse(String url) {
        if (url.length() > LONGEST_URL) {
            throw new IllegalArgumentException("is longer than %d characters".formatted(LONGEST_URL));
        }
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("is not a URL", e);
        }
        if (uri.getHost() == null || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException("must be a URL with a host, and without a user");
        }
        if (uri.getPort() == 0 || uri.getPort() > MOST_PORT) {
            throw new IllegalArgumentException("must have a port from 1 to " + MOST_PORT);
        }
        boolean plain = "http".equalsIgnoreCase(uri.getScheme()) && hosts.contains(host(uri));
        if (!isHttps(uri) && !plain) {
            throw new IllegalArgumentException(
                    "must begin with https://; the operator can allow hosts with --webhook-hosts");
        }
        return uri;
    }

    private static boolean isHttps(URI uri) {
        return "https".equalsIgnoreCase(uri.getScheme());
    }

    private static String host(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static void requirePublic(InetAddress address) {
        if (NOT_PUBLIC.contains(address)) {
            throw new IllegalArgumentException(
                    "must not lead to a private network; the operator can allow hosts with --webhook-hosts");
        }
    }
}

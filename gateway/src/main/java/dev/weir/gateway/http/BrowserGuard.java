package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.util.Optional;

/**
 * Refuses what a browser sends for a page that is not this gateway's own. A browser lets any page open a WebSocket to
 * anywhere. It also lets a page whose name was rebound to this machine ask for everything; the {@code Host} header shows that.
 * Requests of other programs pass. Stateless.
 */
public final class BrowserGuard {

    private static final int FORBIDDEN = 403;
    private static final String HOW_TO = "; if this address is correct, add it to --allowed-origins";
    private static final String HOW_TO_CROSS =
            "; if it is a page of another server that may use this one, add its origin to --cors-origin";

    private final Access access;
    private final PublicAddresses addresses;
    private final boolean loopbackOnly;

    /** @param listensOn the address that the gateway listens on */
    BrowserGuard(Access access, PublicAddresses addresses, String listensOn) {
        this.access = access;
        this.addresses = addresses;
        InetAddress address = NetUtil.createInetAddressFromIpAddressString(listensOn);
        this.loopbackOnly = address == null ? listensOn.equals("localhost") : address.isLoopbackAddress();
    }

    /** Whether only programs of this machine reach the gateway, or others through a proxy on it. */
    public boolean isLoopbackOnly() {
        return loopbackOnly;
    }

    /**
     * Refuses a request for a host that is not this gateway's: unless other origins are configured, a gateway that only this
     * machine reaches is called {@code localhost} or by an address. Other names may be anyone's, so the host that a proxy
     * forwards is looked at only where origins are configured.
     */
    void requireKnownHost(HttpServerRequest request) {
        if (PublicAddresses.hosts(request).isEmpty()) {
            return;
        }
        Authority host = PublicAddresses.host(request)
                .orElseThrow(() -> new ApiException(ApiError.invalid(
                        "bad_request", "the Host header must be one host, with or without a port", "Host")));
        boolean isKnown = isOwn(host) && (!access.isConfigured() || askedHostIsOwn(request));
        if (!isKnown) {
            String message = "this gateway does not serve the host \"" + host.host() + "\"" + HOW_TO;
            throw new ApiException(ApiError.invalid(FORBIDDEN, "unknown_host", message, null));
        }
    }

    private boolean askedHostIsOwn(HttpServerRequest request) {
        return addresses.askedHost(request).filter(this::isOwn).isPresent();
    }

    private boolean isOwn(Authority host) {
        return host.isAddress() || host.isLoopback() || (access.isConfigured() ? access.knows(host) : !loopbackOnly);
    }

    /** Refuses what a page of another origin sends, unless that origin may use this gateway. */
    public void requireOwnPage(HttpServerRequest request) {
        String header = request.getHeader("Origin");
        if (header != null && !access.isCrossOrigin(header) && !isOwnPage(header, request)) {
            String message = "a page of the origin \"%.100s\" may not use this gateway".formatted(header)
                    + HOW_TO
                    + HOW_TO_CROSS;
            throw new ApiException(ApiError.invalid(FORBIDDEN, "foreign_origin", message, null));
        }
    }

    private boolean isOwnPage(String header, HttpServerRequest request) {
        Optional<Origin> origin = Origin.parse(header);
        if (origin.isEmpty() || access.isConfigured()) {
            return access.isConfigured() && origin.filter(access::allows).isPresent();
        }
        // The browser's own word, which no page can set: it knows the URL that the proxy in between rewrote.
        return "same-origin".equals(request.getHeader("Sec-Fetch-Site"))
                || isPageOf(PublicAddresses.host(request), origin.get(), request)
                || isPageOf(addresses.askedHost(request), origin.get(), request);
    }

    /** A proxy may change the port, so behind one the name is enough; on this machine each port is another program. */
    private boolean isPageOf(Optional<Authority> host, Origin origin, HttpServerRequest request) {
        return host.filter(h -> h.isOf(origin)
                        || h.host().equals(origin.host())
                                && !h.isLoopback()
                                && !h.isAddress()
                                && addresses.isFromProxy(request))
                .isPresent();
    }
}

package dev.weir.gateway.http;

import io.vertx.ext.web.RoutingContext;
import java.util.Optional;

/**
 * How a client reached this gateway, as far as that is known: what URLs in its answer begin with.
 *
 * @param origin empty where it is not known: then URLs are relative
 * @param prefix of paths, where a proxy serves this gateway below one; else empty
 */
public record PublicAddress(Optional<Origin> origin, String prefix) {

    private static final String KEY = "weir.public-address";

    void keep(RoutingContext ctx) {
        ctx.put(KEY, this);
    }

    public static PublicAddress of(RoutingContext ctx) {
        return ctx.get(KEY);
    }

    /** @param path at this gateway, from its root */
    String path(String path) {
        return prefix + path;
    }

    /** The same with scheme and host where these are known. */
    public String url(String path) {
        return origin.map(Origin::text).orElse("") + path(path);
    }
}

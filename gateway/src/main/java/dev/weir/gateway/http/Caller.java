package dev.weir.gateway.http;

import io.vertx.ext.web.RoutingContext;

/**
 * Who asks, for APIs that have one user: whoever sends the same credentials, or comes from the same address if it sends none. Stateless.
 */
public final class Caller {

    private Caller() {}

    public static String of(RoutingContext ctx) {
        String credentials = ctx.request().getHeader("Authorization");
        return credentials == null ? ctx.request().remoteAddress().hostAddress() : credentials;
    }
}

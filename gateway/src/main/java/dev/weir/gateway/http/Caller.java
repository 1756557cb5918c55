package dev.weir.gateway.http;

import dev.weir.gateway.user.Keys;
import dev.weir.gateway.user.User;
import io.vertx.ext.web.RoutingContext;
import java.util.HexFormat;

/**
 * Who asks, for APIs that have one user: the user of a key; at a gateway without keys whoever sends the same credentials, or comes from
 * the same address if it sends none. Credentials may be meant for a proxy, so only their SHA-256 is kept. Stateless.
 */
public final class Caller {

    private Caller() {}

    public static String of(RoutingContext ctx) {
        User user = Authentication.user(ctx);
        if (user.isKnown()) {
            return user.name();
        }
        String credentials = ctx.request().getHeader("Authorization");
        return credentials == null
                ? ctx.request().remoteAddress().hostAddress()
                : HexFormat.of().formatHex(Keys.digest(credentials));
    }

    /** A name that the caller chose, as another one than the same name of the user of another key. */
    public static String scoped(RoutingContext ctx, String name) {
        User user = Authentication.user(ctx);
        return user.isKnown() ? user.name() + "/" + name : name;
    }
}

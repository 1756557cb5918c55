package dev.weir.gateway.http;

import dev.weir.gateway.user.Users;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;

/** Lets holders of a key read the metrics of a node that has no gateway. Event loop of its server. */
public final class MetricsGuard implements Handler<RoutingContext> {

    private final Users users;

    /** @param users whose keys are watched already */
    public MetricsGuard(Users users) {
        this.users = users;
    }

    @Override
    public void handle(RoutingContext ctx) {
        boolean isKnown = Credentials.of(ctx.request())
                .flatMap(credentials -> users.find(credentials.key()))
                .isPresent();
        if (isKnown) {
            ctx.next();
        } else {
            ctx.response()
                    .setStatusCode(401)
                    .putHeader(HttpHeaderNames.WWW_AUTHENTICATE, Authentication.CHALLENGES)
                    .end();
        }
    }
}

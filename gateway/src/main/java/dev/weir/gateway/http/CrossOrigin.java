package dev.weir.gateway.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.CorsHandler;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Tells browsers which pages of other origins may read answers, before anything that may refuse a request, so that these pages can
 * read refusals too. Preflight requests end here, as browsers send no key with them. Requests of other origins pass unchanged. Event
 * loop of the gateway.
 */
public final class CrossOrigin implements Handler<RoutingContext> {

    private static final int PREFLIGHT_SECONDS = 600;

    private final Access access;
    private final CorsHandler cors;

    public CrossOrigin(Access access) {
        this.access = access;
        // Pages send the key themselves, so a browser need not add credentials. Any header may be sent: OpenAI's
        // library has many.
        this.cors = CorsHandler.create()
                .addOriginsWithRegex(
                        access.crossOrigins().stream().map(Pattern::quote).toList())
                .allowedMethods(
                        Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE))
                .exposedHeaders(Set.of("Location", "Retry-After", "WWW-Authenticate", "Allow"))
                .allowPrivateNetwork(true)
                .maxAgeSeconds(PREFLIGHT_SECONDS);
    }

    @Override
    public void handle(RoutingContext ctx) {
        if (access.crossOrigins().isEmpty()) {
            ctx.next();
            return;
        }
        String origin = ctx.request().getHeader(HttpHeaderNames.ORIGIN);
        if (origin != null && access.isCrossOrigin(origin)) {
            cors.handle(ctx);
        } else {
            // A cache must not give a page on another server an answer without the headers.
            ctx.response().putHeader(HttpHeaderNames.VARY, HttpHeaderNames.ORIGIN);
            ctx.next();
        }
    }
}

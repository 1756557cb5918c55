package dev.weir.gateway.a1111;

import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who asks, and the options that each has chosen. Automatic1111 has one user and one set of options; here a caller is whoever sends the
 * same credentials, or comes from the same address. Options of the longest silent caller are forgotten first. Event loop of the gateway.
 */
final class Callers {

    private static final int MOST = 1000;

    private final Map<String, Options> options = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Options> eldest) {
            return size() > MOST;
        }
    };

    static String of(RoutingContext ctx) {
        String credentials = ctx.request().getHeader("Authorization");
        return credentials == null ? ctx.request().remoteAddress().hostAddress() : credentials;
    }

    Options options(RoutingContext ctx) {
        return options.getOrDefault(of(ctx), Options.DEFAULT);
    }

    void choose(RoutingContext ctx, Options chosen) {
        options.put(of(ctx), chosen);
    }
}

package dev.weir.gateway.a1111;

import dev.weir.gateway.http.Caller;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The options that each caller has chosen. Automatic1111 has one user and one set of options. Options of the longest silent caller are
 * forgotten first. Event loop of the gateway.
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

    Options options(RoutingContext ctx) {
        return options.getOrDefault(Caller.of(ctx), Options.DEFAULT);
    }

    void choose(RoutingContext ctx, Options chosen) {
        options.put(Caller.of(ctx), chosen);
    }
}

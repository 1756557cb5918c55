package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.user.User;
import dev.weir.gateway.user.User.Role;
import dev.weir.gateway.user.Users;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Identifies the user of each request and rejects requests without a valid key. Runs before all routes. Probes need no key. Ends streams
 * and sockets whose key is removed. Event loop of the gateway.
 */
public final class Authentication implements Handler<RoutingContext> {

    private static final Logger LOG = LoggerFactory.getLogger(Authentication.class);
    private static final Logger log = LoggerFactory.getLogger(Authentication.class);

    /** What the gateway answers to a page that offers its key as another subprotocol. */
    public static final String SUBPROTOCOL = "weir";

    static final List<CharSequence> CHALLENGES = List.of("Bearer", "Basic realm=\"Weir\", charset=\"UTF-8\"");

    private static final String USER = "weir.user";
    private static final String HOLDER = "weir.key-holder";
    private static final Set<String> OPEN = Set.of("/healthz", "/readyz");
    private static final Set<String> OF_METRICS = Set.of("/metrics", "/v1/cluster");
    private static final Set<HttpMethod> READING = Set.of(HttpMethod.GET, HttpMethod.HEAD);
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final ApiError REMOVED = ApiError.invalid(
            UNAUTHORIZED, "invalid_api_key", "the API key of this connection is not valid any more", null);

    /** Who sent a request, by the key and not by its name: another key may take over a name. */
    private record Holder(Authentication authentication, String key) {}

    private record Open(String key, Consumer<ApiError> onRemoved) {}

    private final Users users;
    private final BrowserGuard guard;
    private final Counter refused;
    private final Map<Object, Open> open = new LinkedHashMap<>();

    public Authentication(Users users, BrowserGuard guard, MeterRegistry metrics) {
        this.users = users;
        this.guard = guard;
        this.refused = Counter.builder("weir.gateway.unauthorized")
                .description("requests without a valid API key")
                .register(metrics);
        if (!users.haveKeys() && !guard.isLoopbackOnly()) {
            log.warn(
                    "anyone who reaches this machine may use the gateway; --api-keys limits it to the holders of keys");
        }
    }

    @Override
    public void handle(RoutingContext ctx) {
        if (!users.haveKeys() || OPEN.contains(ctx.normalizedPath())) {
            ctx.put(USER, User.ANYONE);
            ctx.next();
            return;
        }
        Credentials credentials = Credentials.of(ctx.request()).orElseThrow(() -> missing(ctx));
        User user = users.find(credentials.key()).orElseThrow(() -> invalid(ctx));
        if (user.role() == Role.METRICS && !OF_METRICS.contains(ctx.normalizedPath())) {
            String message = "the key of %s is for metrics only".formatted(user.name());
            throw new ApiException(ApiError.invalid(FORBIDDEN, "not_allowed", message, null));
        }
        if (credentials.fromBrowser() && !READING.contains(ctx.request().method())) {
            guard.requireOwnPage(ctx.request());
        }
        ctx.put(USER, user);
        ctx.put(HOLDER, new Holder(this, credentials.key()));
        ctx.next();
    }

    private ApiException missing(RoutingContext ctx) {
        challenge(ctx);
        return new ApiException(ApiError.invalid(
                UNAUTHORIZED,
                "missing_api_key",
                "this gateway needs an API key, as \"Authorization: Bearer KEY\" or as the password of Basic; the command line has --api-key and WEIR_API_KEY",
                null));
    }

    private ApiException invalid(RoutingContext ctx) {
        challenge(ctx);
        return new ApiException(
                ApiError.invalid(UNAUTHORIZED, "invalid_api_key", "this gateway does not know the API key", null));
    }

    /** Browsers ask people for the key because of it. */
    private void challenge(RoutingContext ctx) {
        refused.increment();
        ctx.response().putHeader(HttpHeaderNames.WWW_AUTHENTICATE, CHALLENGES);
    }

    /** The user of a request. */
    public static User user(RoutingContext ctx) {
        return ctx.get(USER);
    }

    /** The user of a connection that has been open for some time, as the keys describe it now. */
    public static User userNow(RoutingContext ctx) {
        Holder holder = ctx.get(HOLDER);
        return holder == null
                ? user(ctx)
                : holder.authentication.users.find(holder.key).orElseThrow(() -> new ApiException(REMOVED));
    }

    /**
     * Watches the key of a request that is answered for a long time.
     *
     * @param onRemoved called once when the key is removed, with what to tell the client
     * @return to be called at the end of the answer
     */
    static Runnable watch(RoutingContext ctx, Consumer<ApiError> onRemoved) {
        Holder holder = ctx.get(HOLDER);
        if (holder == null) {
            return () -> {};
        }
        Map<Object, Open> open = holder.authentication.open;
        Object watch = new Object();
        open.put(watch, new Open(holder.key, onRemoved));
        if (holder.authentication.users.find(holder.key).isEmpty()) {
            // It was removed after this request was checked. The caller has not kept what this returns yet.
            ctx.vertx().runOnContext(now -> holder.authentication.end(watch));
        }
        return () -> open.remove(watch);
    }

    /** Ends what is open with keys that are not valid any more. */
    public void keysChanged() {
        for (Object watch : List.copyOf(open.keySet())) {
            Open each = open.get(watch);
            if (each != null && users.find(each.key).isEmpty()) {
                end(watch);
            }
        }
    }

    private void end(Object watch) {
        Open ended = open.remove(watch);
        if (ended == null) {
            return;
        }
        try {
            ended.onRemoved.accept(REMOVED);
        } catch (RuntimeException e) {
            LOG.warn("A stream of a removed key could not be told of it", e);
        }
    }
}

package dev.weir.gateway.http;

import dev.weir.gateway.GatewayConfig.Api;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/** The page at {@code /} and the contract at {@code /openapi.json}: a few files of the class path, kept in memory. */
public final class PageHandler {

    private static final String POLICY = "default-src 'self'; img-src 'self' blob:; connect-src 'self' ws: wss:; "
            + "frame-ancestors 'none'; base-uri 'self'; form-action 'self'";

    /** The files that {@code index.html} names: modules, styles and the icon. */
    private static final Pattern PART = Pattern.compile(" (?:href|src)=\"([a-z0-9]+\\.(?:js|css|svg))\"");

    private static final Map<String, String> MEDIA_TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "svg", "image/svg+xml",
            "json", "application/json");

    private static final String RESOURCES = "/dev/weir/gateway/";
    private static final String HEAD = "<head>";

    /** In the contract, what names the API of a path that is not Weir's own. */
    private static final String API = "x-api";

    private final Answers answers;
    private final Set<Api> apis;
    /** Null until it is asked for: to make it takes a part of the start, and too long for the event loop, which owns the field. */
    private Future<Buffer> contract;

    /** @param apis those whose paths the contract has */
    public PageHandler(Answers answers, Set<Api> apis) {
        this.answers = answers;
        this.apis = apis;
    }

    public void mount(Router router) {
        Methods.get(router, "/").handler(serve("web/index.html"));
        parts().forEach(part -> Methods.get(router, "/" + part).handler(serve("web/" + part)));
        Methods.get(router, "/openapi.json").handler(ctx -> {
            if (contract == null) {
                contract = ctx.vertx().executeBlocking(this::contract, false);
            }
            contract.onSuccess(made -> serve("openapi.json", made).handle(ctx)).onFailure(ctx::fail);
        });
    }

    private Buffer contract() {
        JsonObject whole = read(RESOURCES + "openapi.json").toJsonObject();
        whole.getJsonObject("paths")
                .getMap()
                .values()
                .removeIf(path -> path instanceof Map<?, ?> described
                        && described.get(API) instanceof String api
                        && apis.stream().map(Api::toString).noneMatch(api::equals));
        return Buffer.buffer(whole.encodePrettily());
    }

    private static Stream<String> parts() {
        String page = read(RESOURCES + "web/index.html").toString();
        return PART.matcher(page).results().map(found -> found.group(1)).distinct();
    }

    private Handler<RoutingContext> serve(String file) {
        return serve(file, read(RESOURCES + file));
    }

    private Handler<RoutingContext> serve(String file, Buffer stored) {
        String mediaType = MEDIA_TYPES.get(file.substring(file.lastIndexOf('.') + 1));
        return ctx -> {
            Buffer content = below(PublicAddress.of(ctx).prefix(), file, stored);
            String tag = tag(content);
            ctx.response()
                    .putHeader(HttpHeaderNames.ETAG, tag)
                    .putHeader(HttpHeaderNames.CACHE_CONTROL, "no-cache")
                    .putHeader(HttpHeaderNames.CONTENT_SECURITY_POLICY, POLICY);
            if (tag.equals(ctx.request().getHeader(HttpHeaderNames.IF_NONE_MATCH))) {
                ctx.response().setStatusCode(304).end();
            } else {
                answers.bytes(ctx, mediaType, content);
            }
        };
    }

    /** The page finds its parts at the prefix that it is served below, with or without a slash behind it. */
    private static Buffer below(String prefix, String file, Buffer stored) {
        if (prefix.isEmpty() || !file.endsWith(".html")) {
            return stored.copy();
        }
        String base = HEAD + "<base href=\"" + prefix + "/\">";
        return Buffer.buffer(stored.toString().replace(HEAD, base));
    }

    private static Buffer read(String resource) {
        try (InputStream in = PageHandler.class.getResourceAsStream(resource)) {
            return Buffer.buffer(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resource, e);
        }
    }

    private static String tag(Buffer content) {
        CRC32C sum = new CRC32C();
        sum.update(content.getBytes());
        return "\"%08x\"".formatted(sum.getValue());
    }
}

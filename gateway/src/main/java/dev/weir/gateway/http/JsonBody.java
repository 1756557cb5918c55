package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.Locale;

/** The JSON bodies of requests, of a bounded size. Any thread. */
public final class JsonBody {

    private static final String GATHERING = "weir.gathering-body";

    private final int mostBytes;

    public JsonBody(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** Gathers the body for the handlers after it. */
    Handler<RoutingContext> gathering() {
        BodyHandler gathering = BodyHandler.create(false).setBodyLimit(mostBytes);
        return ctx -> {
            ctx.put(GATHERING, true);
            gathering.handle(ctx);
        };
    }

    /** Whether what failed was to read the body: its chunks or its form are malformed. */
    static boolean isUnreadable(RoutingContext ctx) {
        return ctx.get(GATHERING, false);
    }

    Fields of(RoutingContext ctx) {
        ctx.put(GATHERING, false);
        String type = ctx.request().getHeader("Content-Type");
        if (type == null || !isJson(type)) {
            String message =
                    "Content-Type must be application/json" + (type == null ? "" : ", not %.60s".formatted(type));
            throw new ApiException(ApiError.invalid(415, "unsupported_media_type", message, null));
        }
        Buffer body = ctx.body().buffer();
        return Fields.parse(Encodings.decoded(ctx, body == null ? new byte[0] : body.getBytes(), mostBytes));
    }

    private static boolean isJson(String type) {
        return type.toLowerCase(Locale.ROOT).split(";", 2)[0].trim().equals("application/json");
    }
}

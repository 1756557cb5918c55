package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;

/** The JSON body of a request. */
final class JsonBody {

    private JsonBody() {}

    static Fields of(RoutingContext ctx) {
        String type = ctx.request().getHeader("Content-Type");
        if (type == null || !isJson(type)) {
            String message = "Content-Type must be application/json" + (type == null ? "" : ", not " + type);
            throw new ApiException(ApiError.invalid(415, "unsupported_media_type", message, null));
        }
        Buffer body = ctx.body().buffer();
        return Fields.parse(body == null ? new byte[0] : body.getBytes());
    }

    private static boolean isJson(String type) {
        return type.toLowerCase(Locale.ROOT).split(";", 2)[0].trim().equals("application/json");
    }
}

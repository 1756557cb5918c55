package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.FieldNames;
import dev.weir.gateway.http.Answers;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;

/** Problems as that service writes them: wrong fields with the status 422. Stateless. */
final class Errors implements Answers.ErrorShape {

    static final Errors SHAPE = new Errors();

    private static final int WRONG_FIELDS = 422;
    private static final FieldNames NAMES = FieldNames.of(names());

    private Errors() {}

    private static Map<String, String> names() {
        Map<String, String> names = new LinkedHashMap<>();
        PredictionRequest.RENAMED.forEach((theirs, own) -> names.put(own, theirs));
        return names;
    }

    /** A body that is no JSON object is a bad request. */
    @Override
    public int status(ApiError error) {
        return error.status() == 400 && error.param() != null ? WRONG_FIELDS : error.status();
    }

    @Override
    public JsonObject toJson(ApiError error) {
        int status = status(error);
        String message = NAMES.translated(error.message());
        JsonObject problem = new JsonObject()
                .put(
                        "title",
                        status == WRONG_FIELDS
                                ? "Input validation failed"
                                : HttpResponseStatus.valueOf(status).reasonPhrase())
                .put("detail", message)
                .put("status", status);
        return status != WRONG_FIELDS
                ? problem
                : problem.put(
                        "invalid_fields",
                        new JsonArray()
                                .add(new JsonObject()
                                        .put("type", error.code())
                                        .put("field", error.param())
                                        .put("description", message)));
    }
}

package dev.weir.gateway.http;

import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Moment;
import dev.weir.gateway.job.Picture;
import io.vertx.core.json.JsonObject;
import java.util.Base64;

/** The objects of OpenAI's Images API. Weir's additions are in {@code x_weir}. */
final class ImageJson {

    private ImageJson() {}

    /** A partial or final image as an event of a stream. */
    static JsonObject event(String type, Picture picture, JsonObject extras) {
        return new JsonObject()
                .put("type", type)
                .put("b64_json", Base64.getEncoder().encodeToString(picture.bytes()))
                .put("created_at", System.currentTimeMillis() / 1000)
                .put("background", "opaque")
                .put("output_format", picture.format())
                .put("quality", "auto")
                .put("size", picture.size())
                .put("x_weir", extras);
    }

    static JsonObject extras(Moment at) {
        return new JsonObject()
                .put("job_id", at.job())
                .put("sample", at.sample())
                .put("seed", EventJson.seed(at.seed()))
                .put("step", at.step())
                .put("total_steps", at.total());
    }

    static JsonObject extras(Completed completed) {
        return EventJson.putResult(
                extras(completed.at()).put("attempts", completed.at().attempt()), completed);
    }

    /** The libraries require it. Weir does not count tokens. */
    static JsonObject usage() {
        return new JsonObject()
                .put("input_tokens", 0)
                .put("output_tokens", 0)
                .put("total_tokens", 0)
                .put(
                        "input_tokens_details",
                        new JsonObject().put("image_tokens", 0).put("text_tokens", 0));
    }
}

package dev.weir.gateway.responses;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.http.EventStream;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Started;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Base64;

/** The events of one response, in the order in which OpenAI sends them. A client that leaves cancels. Event loop of its request. */
final class ResponseStream {

    private static final String CALL = "response.image_generation_call.";

    private final ResponseJson json;
    private final int mostPartial;
    private EventStream stream;
    private String job;
    private long sequence;
    private int partial;
    private boolean generating;

    ResponseStream(ResponseJson json, int mostPartial) {
        this.json = json;
        this.mostPartial = mostPartial;
    }

    /** Call it before the first event of the job. */
    void start(Vertx vertx, RoutingContext ctx, Duration slowClient, Attendance client) {
        job = client.job();
        stream = new EventStream(vertx, ctx, slowClient, client::leave, this::fail);
        send("response.created", new JsonObject().put("response", json.inProgress(job)));
        send("response.in_progress", new JsonObject().put("response", json.inProgress(job)));
        send("response.output_item.added", item(json.call(job, "in_progress", null)));
        send(CALL + "in_progress", ofCall());
    }

    void lost() {
        fail(ApiError.LOST);
    }

    void on(JobEvent event) {
        if (event instanceof Started && !generating) {
            generating = true;
            send(CALL + "generating", ofCall());
        } else if (event instanceof Preview preview) {
            partial(preview);
        } else if (event instanceof Completed completed) {
            String base64 =
                    Base64.getEncoder().encodeToString(completed.picture().bytes());
            send(CALL + "completed", ofCall());
            send("response.output_item.done", item(json.call(job, "completed", base64)));
            send("response.completed", new JsonObject().put("response", json.completed(job, base64)));
            stream.end("");
        } else if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()));
        } else if (event instanceof Cancelled) {
            fail(ApiError.CANCELLED);
        }
    }

    private void partial(Preview preview) {
        if (partial < mostPartial) {
            JsonObject data = ofCall().put("partial_image_index", partial)
                    .put(
                            "partial_image_b64",
                            Base64.getEncoder().encodeToString(preview.picture().bytes()));
            if (stream.offer(CALL + "partial_image", numbered(CALL + "partial_image", data), null)) {
                partial++;
                sequence++;
            }
        }
    }

    private void fail(ApiError error) {
        send("response.failed", new JsonObject().put("response", json.failed(job, error)));
        stream.end("");
    }

    private JsonObject ofCall() {
        return new JsonObject().put("output_index", 0).put("item_id", ResponseJson.item(job));
    }

    private static JsonObject item(JsonObject call) {
        return new JsonObject().put("output_index", 0).put("item", call);
    }

    private JsonObject numbered(String type, JsonObject data) {
        return data.put("type", type).put("sequence_number", sequence);
    }

    private void send(String type, JsonObject data) {
        stream.send(type, numbered(type, data), null);
        sequence++;
    }
}

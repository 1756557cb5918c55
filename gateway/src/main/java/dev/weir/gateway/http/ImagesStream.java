package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.EventJson;
import dev.weir.gateway.api.SettingsJson;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Deleted;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobEvent.Preview;
import dev.weir.gateway.job.JobEvent.Warning;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.Warnings;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/**
 * The streamed answer of one request: partial images, the completed ones, then {@code [DONE]}; or an error object, and
 * the end. A client that disconnects cancels the request, unless it asked otherwise. Event loop of its request.
 */
final class ImagesStream {

    private final RoutingContext ctx;
    private final Jobs jobs;
    private final JobSpec spec;
    private final String partialEvent;
    private final String completedEvent;
    private final int[] partials;
    private final Warnings warnings = new Warnings();
    private EventStream stream;
    private int missing;

    /** @param events what the names of its events begin with */
    ImagesStream(RoutingContext ctx, Jobs jobs, JobSpec spec, String events) {
        this.partialEvent = events + ".partial_image";
        this.completedEvent = events + ".completed";
        this.ctx = ctx;
        this.jobs = jobs;
        this.spec = spec;
        this.partials = new int[spec.samples()];
        this.missing = spec.samples();
    }

    /** Call it before the first event. */
    void start(Vertx vertx, Duration slowClient, Attendance client) {
        stream = new EventStream(vertx, ctx, slowClient, client::leave, this::fail);
    }

    void lost() {
        fail(ApiError.LOST);
    }

    void on(JobEvent event) {
        if (event instanceof Preview preview) {
            partial(preview);
        } else if (event instanceof Warning warning) {
            warnings.add(warning);
        } else if (event instanceof Completed completed) {
            JsonObject extras = SettingsJson.putInto(ImageJson.extras(completed), spec.generation());
            JsonObject data =
                    ImageJson.event(completedEvent, completed.picture(), extras).put("usage", ImageJson.usage());
            if (!warnings.all().isEmpty()) {
                // Not a separate event: strict clients of this API fail on an unknown type.
                data.put("warnings", EventJson.warnings(warnings.all()));
            }
            stream.send(completedEvent, data, null);
            missing--;
            if (missing == 0) {
                stream.end("data: [DONE]\n\n");
            }
        } else if (event instanceof Failed failed) {
            fail(ApiError.of(failed.failure()));
            jobs.cancel(failed.at().job());
        } else if (event instanceof Cancelled) {
            fail(ApiError.CANCELLED);
        } else if (event instanceof Deleted) {
            fail(ApiError.DELETED);
        }
    }

    private void fail(ApiError error) {
        stream.send("error", error.toJson(), null);
        stream.end("");
    }

    private void partial(Preview preview) {
        int sample = preview.at().sample();
        if (partials[sample] < spec.preview().getCount()) {
            JsonObject data = ImageJson.event(partialEvent, preview.picture(), ImageJson.extras(preview.at()))
                    .put("partial_image_index", partials[sample]);
            if (stream.offer(partialEvent, data, null)) {
                partials[sample]++;
            }
        }
    }
}

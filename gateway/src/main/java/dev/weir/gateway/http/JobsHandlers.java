package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.KeptJobs;
import dev.weir.gateway.job.OnDisconnect;
import dev.weir.gateway.job.Picture;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/** {@code /v1/jobs}: the same requests as jobs that are asked after later. Event loop of the gateway. */
public final class JobsHandlers {

    private final Vertx vertx;
    private final RequestReader reader;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Answers answers;
    private final Duration slowClient;

    public JobsHandlers(
            Vertx vertx, RequestReader reader, Jobs jobs, KeptJobs kept, Answers answers, Duration slowClient) {
        this.vertx = vertx;
        this.reader = reader;
        this.jobs = jobs;
        this.kept = kept;
        this.answers = answers;
        this.slowClient = slowClient;
    }

    public void mount(Router router, Handler<RoutingContext> body) {
        router.post("/v1/jobs").handler(body).handler(this::submit);
        router.get("/v1/jobs/:id").handler(ctx -> answers.json(ctx, 200, JobJson.of(find(ctx))));
        router.delete("/v1/jobs/:id").handler(this::cancel);
        router.get("/v1/jobs/:id/events").handler(this::events);
        router.get("/v1/jobs/:id/images/:sample").handler(this::image);
    }

    private void submit(RoutingContext ctx) {
        KeptJob job = kept.submit(reader.job(JsonBody.of(ctx)));
        ctx.response().putHeader(HttpHeaderNames.LOCATION, JobJson.path(job));
        // The first estimate comes with the first events, right after this turn of the event loop.
        vertx.runOnContext(later -> answers.json(ctx, 202, JobJson.of(job)));
    }

    private void cancel(RoutingContext ctx) {
        KeptJob job = find(ctx);
        answers.json(ctx, 200, new JsonObject().put("id", job.id()).put("cancelled", jobs.cancel(job.id())));
    }

    private void events(RoutingContext ctx) {
        KeptJob job = find(ctx);
        long after = lastEventId(ctx);
        if (job.isOver() && job.eventsAfter(after).isEmpty()) {
            // Tells an EventSource not to come back.
            ctx.response().setStatusCode(204).end();
        } else {
            new JobEvents(job, () -> left(job)).start(vertx, ctx, slowClient, after);
        }
    }

    private void left(KeptJob job) {
        if (job.spec().onDisconnect() == OnDisconnect.CANCEL && job.watchers() == 0) {
            jobs.cancel(job.id());
        }
    }

    private static long lastEventId(RoutingContext ctx) {
        String header = ctx.request().getHeader("Last-Event-ID");
        if (header == null || header.isEmpty()) {
            return 0;
        }
        try {
            return Long.parseLong(header);
        } catch (NumberFormatException e) {
            throw new ApiException(
                    ApiError.invalid("invalid_value", "Last-Event-ID must be the id of an event", "Last-Event-ID"));
        }
    }

    private void image(RoutingContext ctx) {
        KeptJob job = find(ctx);
        String sample = ctx.pathParam("sample");
        if (!sample.matches("[0-9]{1,2}")
                || Integer.parseInt(sample) >= job.spec().samples()) {
            throw notFound("the job has no image " + sample);
        }
        Picture picture = job.picture(Integer.parseInt(sample))
                .orElseThrow(() -> new ApiException(ApiError.invalid(
                        404,
                        job.isOver() ? "no_image" : "not_ready",
                        "there is no such image" + (job.isOver() ? "" : " yet"),
                        null)));
        ctx.response().putHeader(HttpHeaderNames.CACHE_CONTROL, "private, no-transform");
        answers.bytes(ctx, picture.mediaType(), Buffer.buffer(picture.bytes()));
    }

    private KeptJob find(RoutingContext ctx) {
        String id = ctx.pathParam("id");
        return kept.find(id)
                .orElseThrow(() -> kept.wasHere(id)
                        ? new ApiException(
                                ApiError.invalid(410, "expired", "the job is over, and no longer kept", null))
                        : notFound("there is no such job"));
    }

    private static ApiException notFound(String message) {
        return new ApiException(ApiError.invalid(404, "not_found", message, null));
    }
}

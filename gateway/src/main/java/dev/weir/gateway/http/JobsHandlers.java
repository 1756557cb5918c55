package dev.weir.gateway.http;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.Picture;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/** {@code /v1/jobs}: the same requests as jobs that are queried later. Event loop of the gateway. */
public final class JobsHandlers {

    private static final int USUAL_LIST = 50;
    private static final int LONGEST_LIST = 200;

    private final Vertx vertx;
    private final RequestBody body;
    private final RequestReader reader;
    private final CallersJobs jobs;
    private final Answers answers;
    private final Duration slowClient;

    public JobsHandlers(ApiParts parts) {
        this.vertx = parts.vertx();
        this.body = parts.body();
        this.reader = parts.reader();
        this.jobs = new CallersJobs(parts.ledger());
        this.answers = parts.answers();
        this.slowClient = parts.slowClient();
    }

    public void mount(Router router) {
        router.post("/v1/jobs").handler(body.gathering()).handler(ctx -> body.read(ctx, read -> submit(ctx, read)));
        Methods.get(router, "/v1/jobs").handler(this::list);
        Methods.get(router, "/v1/jobs/:id")
                .handler(ctx -> jobs.find(ctx, job -> answers.json(ctx, 200, json(ctx, job))));
        router.delete("/v1/jobs/:id").handler(ctx -> jobs.find(ctx, job -> delete(ctx, job)));
        Methods.get(router, "/v1/jobs/:id/events").handler(ctx -> jobs.find(ctx, job -> events(ctx, job)));
        Methods.get(router, "/v1/jobs/:id/images/:sample").handler(ctx -> jobs.find(ctx, job -> image(ctx, job)));
        router.delete("/v1/jobs/:id/images/:sample").handler(ctx -> jobs.find(ctx, job -> deleteSample(ctx, job)));
    }

    private void submit(RoutingContext ctx, RequestBody.Content read) {
        JobSpec spec = reader.job(read.fields()).under(RequestTrace.of(ctx));
        read.submit(jobs.of(ctx), spec)
                .onSuccess(job -> {
                    ctx.response()
                            .putHeader(
                                    HttpHeaderNames.LOCATION,
                                    PublicAddress.of(ctx).path(JobJson.path(job)));
                    answers.json(ctx, 202, json(ctx, job));
                })
                .onFailure(ctx::fail);
    }

    private static JsonObject json(RoutingContext ctx, KeptJob job) {
        return JobJson.of(job, PublicAddress.of(ctx));
    }

    private void list(RoutingContext ctx) {
        String limit = ctx.request().getParam("limit", String.valueOf(USUAL_LIST));
        if (!limit.matches("[1-9][0-9]{0,2}") || Integer.parseInt(limit) > LONGEST_LIST) {
            throw invalid("limit", "must be from 1 to " + LONGEST_LIST);
        }
        jobs.of(ctx)
                .newest(Integer.parseInt(limit))
                .onSuccess(found -> {
                    JsonArray data = new JsonArray();
                    found.forEach(job -> data.add(json(ctx, job)));
                    answers.json(
                            ctx, 200, new JsonObject().put("object", "list").put("data", data));
                })
                .onFailure(ctx::fail);
    }

    private void delete(RoutingContext ctx, KeptJob job) {
        if (forgets(ctx)) {
            forget(ctx, job);
        } else {
            cancel(ctx, job);
        }
    }

    private void deleteSample(RoutingContext ctx, KeptJob job) {
        if (forgets(ctx)) {
            forgetSample(ctx, job);
        } else {
            cancelSample(ctx, job);
        }
    }

    private static boolean forgets(RoutingContext ctx) {
        return switch (ctx.request().getParam("forget", "false")) {
            case "false" -> false;
            case "true" -> true;
            default -> throw invalid("forget", "must be true or false");
        };
    }

    private void forget(RoutingContext ctx, KeptJob job) {
        requireOver("job", job.isOver());
        jobs.of(ctx)
                .forget(job.id())
                .onSuccess(forgotten -> answers.json(
                        ctx, 200, new JsonObject().put("id", job.id()).put("forgotten", forgotten)))
                .onFailure(ctx::fail);
    }

    private void forgetSample(RoutingContext ctx, KeptJob job) {
        int sample = sample(ctx, job);
        requireOver("image", job.hasEnded(sample));
        jobs.of(ctx)
                .forget(job.id(), sample)
                .onSuccess(forgotten -> answers.json(ctx, 200, json(job, sample).put("forgotten", forgotten)))
                .onFailure(ctx::fail);
    }

    private static void requireOver(String what, boolean isOver) {
        if (!isOver) {
            throw new ApiException(ApiError.invalid(
                    409, "unfinished", "the %s is not finished: cancel it first".formatted(what), "forget"));
        }
    }

    private static JsonObject json(KeptJob job, int sample) {
        return new JsonObject().put("id", job.id()).put("sample", sample);
    }

    private static ApiException invalid(String param, String problem) {
        return new ApiException(ApiError.invalid("invalid_value", param + " " + problem, param));
    }

    private void cancel(RoutingContext ctx, KeptJob job) {
        jobs.of(ctx)
                .cancel(job.id())
                .onSuccess(cancelled -> answers.json(
                        ctx, 200, new JsonObject().put("id", job.id()).put("cancelled", cancelled)))
                .onFailure(ctx::fail);
    }

    private void cancelSample(RoutingContext ctx, KeptJob job) {
        int sample = sample(ctx, job);
        jobs.of(ctx)
                .cancel(job.id(), sample)
                .onSuccess(cancelled -> answers.json(ctx, 200, json(job, sample).put("cancelled", cancelled)))
                .onFailure(ctx::fail);
    }

    private void events(RoutingContext ctx, KeptJob job) {
        long after = lastEventId(ctx);
        if (ctx.request().method().equals(HttpMethod.HEAD)) {
            ctx.response()
                    .putHeader(HttpHeaderNames.CONTENT_TYPE, EventStream.MEDIA_TYPE)
                    .end();
        } else if (job.isOver() && job.eventsAfter(after).isEmpty()) {
            // Tells an EventSource not to reconnect.
            ctx.response().setStatusCode(204).end();
        } else {
            new JobEvents(job, PublicAddress.of(ctx), after).start(vertx, ctx, slowClient, jobs.of(ctx));
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

    private void image(RoutingContext ctx, KeptJob job) {
        int sample = sample(ctx, job);
        boolean ended = job.hasEnded(sample);
        Picture picture = job.picture(sample)
                .orElseThrow(() -> new ApiException(ApiError.invalid(
                        404,
                        ended ? "no_image" : "not_ready",
                        "there is no such image" + (ended ? "" : " yet"),
                        null)));
        ctx.response().putHeader(HttpHeaderNames.CACHE_CONTROL, "private, no-transform");
        answers.bytes(ctx, picture.mediaType(), Buffer.buffer(picture.bytes()));
    }

    /** The sample in the path. */
    private static int sample(RoutingContext ctx, KeptJob job) {
        String sample = ctx.pathParam("sample");
        if (!sample.matches("[0-9]{1,2}")
                || Integer.parseInt(sample) >= job.spec().samples()) {
            throw notFound("the job has no image " + sample);
        }
        return Integer.parseInt(sample);
    }

    private static ApiException notFound(String message) {
        return new ApiException(ApiError.invalid(404, "not_found", message, null));
    }
}

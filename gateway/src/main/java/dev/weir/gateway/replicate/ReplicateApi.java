package dev.weir.gateway.replicate;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.CallersJobs;
import dev.weir.gateway.http.EventStream;
import dev.weir.gateway.http.Methods;
import dev.weir.gateway.http.PublicAddress;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.job.KeptJob;
import dev.weir.gateway.job.ModelNames;
import dev.weir.proto.v1.Webhook;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** Mounts {@code /v1/predictions}, and {@code POST /v1/models/OWNER/NAME/predictions}. Event loop of the gateway. */
public final class ReplicateApi {

    private static final String PREDICTIONS = "/v1/predictions";
    private static final String OF_MODEL = "/v1/models/:owner/:name/predictions";
    private static final String SECRET = "/v1/webhooks/default/secret";
    /** What Weir has of that service, and parts of it that Weir does not have. */
    private static final List<String> SHAPED = List.of(
            PREDICTIONS,
            PREDICTIONS + "/*",
            OF_MODEL,
            OF_MODEL + "/*",
            "/v1/models/:owner/:name/versions",
            "/v1/models/:owner/:name/versions/*",
            FileHandlers.PATH,
            FileHandlers.PATH + "/*",
            "/v1/webhooks/*",
            "/v1/account",
            "/v1/collections",
            "/v1/collections/*",
            "/v1/deployments",
            "/v1/deployments/*",
            "/v1/hardware",
            "/v1/search",
            "/v1/trainings",
            "/v1/trainings/*");

    private static final int LONGEST_LIST = 100;
    private static final int CANCEL_SECONDS = 2;

    private final Vertx vertx;
    private final RequestBody body;
    private final RequestReader reader;
    private final CallersJobs jobs;
    private final Answers answers;
    private final ModelNames models;
    private final Duration slowClient;
    private final Optional<Webhooks> webhooks;
    private final FileHandlers files;

    public ReplicateApi(ApiParts parts) {
        this.vertx = parts.vertx();
        this.body = parts.body();
        this.reader = parts.reader();
        this.jobs = new CallersJobs(parts.ledger());
        this.answers = parts.answers();
        this.models = parts.models();
        this.slowClient = parts.slowClient();
        this.webhooks = parts.config()
                .security()
                .webhooks()
                .map(options -> new Webhooks(vertx, options.secret(), options.hosts()));
        this.webhooks.ifPresent(hooks -> parts.ledger().onOwned(hooks::tellOf));
        this.files = new FileHandlers(parts);
    }

    /** To be called before anything that may refuse a request. */
    public static void shapeErrors(Router router) {
        SHAPED.forEach(path -> router.route(path).handler(ctx -> {
            Answers.errorsOf(ctx, Errors.SHAPE);
            ctx.next();
        }));
    }

    public void mount(Router router, RequestTrace trace) {
        mount(router, trace, PREDICTIONS, (ctx, sent) -> PredictionRequest.translate(sent, models));
        mount(router, trace, OF_MODEL, (ctx, sent) -> {
            String model = ctx.pathParam("owner") + "/" + ctx.pathParam("name");
            return PredictionRequest.translate(sent, models, model);
        });
        Methods.get(router, PREDICTIONS).handler(this::list);
        Methods.get(router, PREDICTIONS + "/:id").handler(ctx -> jobs.find(ctx, job -> answer(ctx, 200, job)));
        Methods.get(router, PREDICTIONS + "/:id/stream").handler(ctx -> jobs.find(ctx, job -> stream(ctx, job)));
        router.post(PREDICTIONS + "/:id/cancel").handler(ctx -> jobs.find(ctx, job -> cancel(ctx, job)));
        Methods.get(router, SECRET).handler(this::secret);
        files.mount(router, body);
        new ModelHandlers(models, answers).mount(router);
    }

    /** The process ends. */
    public void close() {
        webhooks.ifPresent(Webhooks::close);
    }

    private void mount(
            Router router, RequestTrace trace, String path, BiFunction<RoutingContext, Fields, Fields> translation) {
        router.post(path).handler(trace).handler(body.gathering()).handler(ctx -> {
            FileReferences uploads = new FileReferences(files.of(ctx));
            body.read(ctx, sent -> uploads.resolved(translation.apply(ctx, sent)), read -> create(ctx, read));
        });
    }

    private void create(RoutingContext ctx, RequestBody.Content read) {
        Optional<Webhook> webhook = WebhookField.read(read.fields(), webhooks, base(ctx), signer(ctx));
        JobSpec job = reader.job(read.fields().without(WebhookField.NAMES)).under(RequestTrace.of(ctx));
        JobSpec spec = webhook.map(job::telling).orElse(job);
        Prefer prefer = Prefer.of(ctx.request().getHeader("Prefer"));
        read.submit(jobs.of(ctx), spec)
                .onSuccess(begun -> {
                    if (prefer.waitSeconds() == 0) {
                        answer(ctx, prefer.async() ? 202 : 201, begun);
                    } else {
                        await(ctx, begun, prefer.waitSeconds(), () -> answerWaiting(ctx, begun));
                    }
                })
                .onFailure(ctx::fail);
    }

    /** A library takes every other status than "starting" for the end, after it has waited. */
    private void answerWaiting(RoutingContext ctx, KeptJob job) {
        JsonObject json = PredictionJson.of(job, base(ctx));
        answers.json(ctx, 201, job.isOver() ? json : json.put("status", PredictionJson.STARTING));
    }

    private void answer(RoutingContext ctx, int status, KeptJob job) {
        answers.json(ctx, status, PredictionJson.of(job, base(ctx)));
    }

    private static String base(RoutingContext ctx) {
        return PublicAddress.of(ctx).url("");
    }

    private void list(RoutingContext ctx) {
        jobs.of(ctx)
                .newest(LONGEST_LIST)
                .onSuccess(found -> {
                    JsonArray results = new JsonArray();
                    found.forEach(job -> results.add(PredictionJson.brief(job, base(ctx))));
                    answers.json(ctx, 200, page(results));
                })
                .onFailure(ctx::fail);
    }

    /** The only page of a list. */
    static JsonObject page(JsonArray results) {
        return new JsonObject().putNull("previous").putNull("next").put("results", results);
    }

    /** The answer has the state after it, which another gateway may have to report. */
    private void cancel(RoutingContext ctx, KeptJob job) {
        jobs.of(ctx)
                .cancel(job.id())
                .onSuccess(cancelled -> await(ctx, job, CANCEL_SECONDS, () -> answer(ctx, 200, job)))
                .onFailure(ctx::fail);
    }

    private void await(RoutingContext ctx, KeptJob job, int seconds, Runnable answer) {
        if (!ctx.response().closed()) {
            new WaitingClient(vertx, job, answer).start(ctx, jobs.of(ctx), seconds, answers);
        }
    }

    private void stream(RoutingContext ctx, KeptJob job) {
        if (ctx.request().method().equals(HttpMethod.HEAD)) {
            ctx.response()
                    .putHeader(HttpHeaderNames.CONTENT_TYPE, EventStream.MEDIA_TYPE)
                    .end();
        } else {
            new PredictionStream(job, base(ctx)).start(vertx, ctx, slowClient, jobs.of(ctx));
        }
    }

    private static String signer(RoutingContext ctx) {
        return Authentication.user(ctx).name();
    }

    /** Each user has another one. */
    private void secret(RoutingContext ctx) {
        Webhooks enabled = webhooks.orElseThrow(() -> new ApiException(ApiError.invalid(
                404, "not_found", "there are no webhooks at a gateway without --webhook-secret", null)));
        ctx.response().putHeader(HttpHeaderNames.CACHE_CONTROL, "no-store");
        answers.json(ctx, 200, new JsonObject().put("key", enabled.secret().shown(signer(ctx))));
    }
}

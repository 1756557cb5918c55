package dev.weir.gateway.huggingface;

import dev.weir.gateway.api.ApiError;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.JobEvent.Cancelled;
import dev.weir.gateway.job.JobEvent.Completed;
import dev.weir.gateway.job.JobEvent.Failed;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/**
 * Mounts {@code POST /models/ID}. The answer is the file of one picture. A client that disconnects cancels. Event loop of the gateway.
 */
public final class HuggingFaceApi {

    private static final String MODELS = "/models/";

    private final RequestBody body;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final Answers answers;

    public HuggingFaceApi(ApiParts parts) {
        this.body = parts.body();
        this.reader = parts.reader();
        this.ledger = parts.ledger();
        this.answers = parts.answers();
    }

    /** To be called before anything that may refuse a request. */
    public static void shapeErrors(Router router) {
        router.route(MODELS + "*").handler(HuggingFaceApi::shapeErrors);
    }

    public void mount(Router router, RequestTrace trace) {
        // An id has slashes: stabilityai/sd-turbo.
        router.post(MODELS + "*").handler(trace).handler(body.gathering()).handler(this::generate);
    }

    private static void shapeErrors(RoutingContext ctx) {
        Answers.errorsOf(ctx, HuggingFaceApi::toJson);
        ctx.next();
    }

    /** Clients ask again after {@code estimated_time} where the status is 503. */
    private static JsonObject toJson(ApiError error) {
        JsonObject json = new JsonObject().put("error", error.message());
        return error.status() == 503
                ? json.put("estimated_time", (double) Math.max(1, error.retryAfterSeconds()))
                : json;
    }

    private void generate(RoutingContext ctx) {
        String model = ctx.normalizedPath().substring(MODELS.length());
        String accept = ctx.request().getHeader("Accept");
        body.read(ctx, fields -> TextToImage.translate(fields, model, accept), read -> {
            JobSpec spec = reader.job(read.fields()).under(RequestTrace.of(ctx));
            Attendance client = ledger.of(Authentication.user(ctx))
                    .attend(spec, false, event -> on(ctx, event), () -> answers.error(ctx, ApiError.LOST));
            answers.attended(ctx, client::leave);
        });
    }

    private void on(RoutingContext ctx, JobEvent event) {
        if (event instanceof Completed completed) {
            answers.bytes(
                    ctx,
                    completed.picture().mediaType(),
                    Buffer.buffer(completed.picture().bytes()));
        } else if (event instanceof Failed failed) {
            answers.error(ctx, ApiError.of(failed.failure()));
        } else if (event instanceof Cancelled) {
            answers.error(ctx, ApiError.CANCELLED);
        }
    }
}

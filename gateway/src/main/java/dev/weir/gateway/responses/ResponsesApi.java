package dev.weir.gateway.responses;

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
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Base64;

/** Mounts {@code POST /v1/responses}: one answer at the end, or a stream of events. Event loop of the gateway. */
public final class ResponsesApi {

    private final Vertx vertx;
    private final RequestBody body;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final Answers answers;
    private final ModelNames models;
    private final Duration slowClient;

    public ResponsesApi(ApiParts parts) {
        this.vertx = parts.vertx();
        this.body = parts.body();
        this.reader = parts.reader();
        this.ledger = parts.ledger();
        this.answers = parts.answers();
        this.models = parts.models();
        this.slowClient = parts.slowClient();
    }

    public void mount(Router router, RequestTrace trace) {
        router.post("/v1/responses").handler(trace).handler(body.gathering()).handler(this::respond);
    }

    private void respond(RoutingContext ctx) {
        ResponseRequest[] request = new ResponseRequest[1];
        body.read(
                ctx,
                fields -> {
                    request[0] = ResponseRequest.of(fields, models);
                    return request[0].image();
                },
                read -> {
                    JobSpec spec = reader.images(read.fields()).spec().under(RequestTrace.of(ctx));
                    ResponseJson json = new ResponseJson(request[0]);
                    if (request[0].stream()) {
                        stream(ctx, spec, json);
                    } else {
                        answer(ctx, spec, json);
                    }
                });
    }

    private void stream(RoutingContext ctx, JobSpec spec, ResponseJson json) {
        ResponseStream stream = new ResponseStream(json, spec.preview().getCount());
        stream.start(
                vertx,
                ctx,
                slowClient,
                ledger.of(Authentication.user(ctx)).attend(spec, false, stream::on, stream::lost));
    }

    private void answer(RoutingContext ctx, JobSpec spec, ResponseJson json) {
        Attendance client = ledger.of(Authentication.user(ctx))
                .attend(spec, false, event -> answer(ctx, event, json), () -> answers.error(ctx, ApiError.LOST));
        answers.attended(ctx, client::leave);
    }

    private void answer(RoutingContext ctx, JobEvent event, ResponseJson json) {
        if (event instanceof Completed completed) {
            String base64 =
                    Base64.getEncoder().encodeToString(completed.picture().bytes());
            answers.json(ctx, 200, json.completed(event.at().job(), base64));
        } else if (event instanceof Failed failed) {
            answers.error(ctx, ApiError.of(failed.failure()));
        } else if (event instanceof Cancelled) {
            answers.error(ctx, ApiError.CANCELLED);
        }
    }
}

package dev.weir.gateway.http;

import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.api.RequestReader.ImagesRequest;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * {@code POST /v1/images/generations}, compatible with OpenAI's libraries: one answer at the end, or a stream of
 * events.
 */
public final class ImagesHandler implements Handler<RoutingContext> {

    private final Vertx vertx;
    private final JsonBody body;
    private final RequestReader reader;
    private final Jobs jobs;
    private final JobLedger ledger;
    private final Answers answers;
    private final Duration slowClient;

    public ImagesHandler(
            Vertx vertx,
            JsonBody body,
            RequestReader reader,
            Jobs jobs,
            JobLedger ledger,
            Answers answers,
            Duration slowClient) {
        this.vertx = vertx;
        this.body = body;
        this.reader = reader;
        this.jobs = jobs;
        this.ledger = ledger;
        this.answers = answers;
        this.slowClient = slowClient;
    }

    public void mount(Router router) {
        router.post("/v1/images/generations").handler(body.gathering()).handler(this);
    }

    @Override
    public void handle(RoutingContext ctx) {
        ImagesRequest request = reader.images(body.of(ctx)).under(RequestTrace.of(ctx));
        IdempotencyKey.of(ctx)
                .ifPresentOrElse(
                        key -> answerKeyed(ctx, request, key),
                        () -> answer(
                                ctx,
                                request,
                                (client, onLost) -> ledger.attend(request.spec(), request.urls(), client, onLost)));
    }

    /** A client that disconnects may come back with its key, so the job continues without it. */
    private void answerKeyed(RoutingContext ctx, ImagesRequest request, IdempotencyKey key) {
        ledger.submit(request.spec().finishing(), key.key(), key.request())
                .<Void>map(job -> {
                    Consumer<JobEvent> client =
                            answer(ctx, request, (told, onLost) -> ledger.attend(job, told, onLost));
                    job.eventsAfter(0).forEach(client);
                    return null;
                })
                .onFailure(ctx::fail);
    }

    /** How an answer subscribes to the images. */
    private interface Attending {
        Attendance attend(Consumer<JobEvent> client, Runnable onLost);
    }

    private Consumer<JobEvent> answer(RoutingContext ctx, ImagesRequest request, Attending attending) {
        if (request.stream()) {
            ImagesStream stream = new ImagesStream(ctx, jobs, request.spec());
            stream.start(vertx, slowClient, attending.attend(stream::on, stream::lost));
            return stream::on;
        }
        ImagesAnswer answer = new ImagesAnswer(ctx, jobs, answers, request);
        Attendance client = attending.attend(answer::on, answer::lost);
        ctx.response().closeHandler(gone -> client.leave());
        ctx.response().exceptionHandler(broken -> client.leave());
        return answer::on;
    }
}

package dev.weir.gateway.http;

import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.api.RequestReader.ImagesRequest;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.job.KeptJobs;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/** {@code POST /v1/images/generations}, as OpenAI's libraries speak it: one answer at the end, or a stream of events. */
public final class ImagesHandler implements Handler<RoutingContext> {

    private final Vertx vertx;
    private final RequestReader reader;
    private final Jobs jobs;
    private final KeptJobs kept;
    private final Answers answers;
    private final Duration slowClient;

    public ImagesHandler(
            Vertx vertx, RequestReader reader, Jobs jobs, KeptJobs kept, Answers answers, Duration slowClient) {
        this.vertx = vertx;
        this.reader = reader;
        this.jobs = jobs;
        this.kept = kept;
        this.answers = answers;
        this.slowClient = slowClient;
    }

    @Override
    public void handle(RoutingContext ctx) {
        ImagesRequest request = reader.images(JsonBody.of(ctx));
        if (request.stream()) {
            new ImagesStream(ctx, jobs, kept, request.spec()).start(vertx, slowClient);
        } else {
            ImagesAnswer answer = new ImagesAnswer(ctx, jobs, answers, request);
            Attendance client = kept.attend(request.spec(), request.urls(), answer::on);
            ctx.response().closeHandler(gone -> client.leave());
            ctx.response().exceptionHandler(broken -> client.leave());
        }
    }
}

package dev.weir.gateway.http;

import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.api.RequestReader.ImagesRequest;
import dev.weir.gateway.job.Jobs;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;

/** {@code POST /v1/images/generations}, as OpenAI's libraries speak it: one answer at the end, or a stream of events. */
public final class ImagesHandler implements Handler<RoutingContext> {

    private final Vertx vertx;
    private final RequestReader reader;
    private final Jobs jobs;
    private final Answers answers;
    private final Duration slowClient;

    public ImagesHandler(Vertx vertx, RequestReader reader, Jobs jobs, Answers answers, Duration slowClient) {
        this.vertx = vertx;
        this.reader = reader;
        this.jobs = jobs;
        this.answers = answers;
        this.slowClient = slowClient;
    }

    @Override
    public void handle(RoutingContext ctx) {
        ImagesRequest request = reader.images(JsonBody.of(ctx));
        if (request.stream()) {
            new ImagesStream(ctx, jobs, request.spec()).start(vertx, slowClient);
        } else {
            new ImagesAnswer(ctx, jobs, answers, request).start();
        }
    }
}

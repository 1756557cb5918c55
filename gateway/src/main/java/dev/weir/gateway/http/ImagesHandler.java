package dev.weir.gateway.http;

import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.PictureJobs;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.api.RequestReader.ImagesRequest;
import dev.weir.gateway.job.Attendance;
import dev.weir.gateway.job.JobEvent;
import dev.weir.gateway.job.Jobs;
import dev.weir.gateway.ledger.JobLedger;
import dev.weir.gateway.ledger.UserJobs;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * {@code POST /v1/images/generations}, {@code edits} and {@code variations}, compatible with OpenAI's libraries: one answer at the end, or a stream of
 * events; and {@code upscales}.
 */
public final class ImagesHandler {

    /** What the names of streamed events begin with. */
    private static final String GENERATION = "image_generation";

    private static final String EDIT = "image_edit";

    private final Vertx vertx;
    private final RequestBody body;
    private final RequestReader reader;
    private final PictureJobs pictures;
    private final Jobs jobs;
    private final JobLedger ledger;
    private final Answers answers;
    private final Duration slowClient;

    public ImagesHandler(ApiParts parts, Jobs jobs) {
        this.vertx = parts.vertx();
        this.body = parts.body();
        this.reader = parts.reader();
        this.pictures = new PictureJobs(parts.models(), reader);
        this.jobs = jobs;
        this.ledger = parts.ledger();
        this.answers = parts.answers();
        this.slowClient = parts.slowClient();
    }

    /** The paths of OpenAI. */
    public void mount(Router router) {
        mount(router, "/v1/images/generations", GENERATION, reader::images);
        mount(router, "/v1/images/edits", EDIT, reader::edit);
        mount(router, "/v1/images/variations", EDIT, reader::variation);
    }

    /** Weir's own. */
    public void mountUpscales(Router router) {
        mount(router, "/v1/images/upscales", EDIT, pictures::upscale);
    }

    private void mount(Router router, String path, String events, Function<Fields, ImagesRequest> reading) {
        router.post(path)
                .handler(body.gathering())
                .handler(ctx -> body.read(
                        ctx,
                        read -> handle(
                                ctx, reading.apply(read.fields()).under(RequestTrace.of(ctx)), read.key(), events)));
    }

    private UserJobs jobsOf(RoutingContext ctx) {
        return ledger.of(Authentication.user(ctx));
    }

    private void handle(RoutingContext ctx, ImagesRequest request, Optional<IdempotencyKey> repeated, String events) {
        repeated.ifPresentOrElse(
                key -> answerKeyed(ctx, request, events, key),
                () -> answer(ctx, request, events, (client, onLost) -> jobsOf(ctx)
                        .attend(request.spec(), request.urls(), client, onLost)));
    }

    /** A client that disconnects may come back with its key, so the job continues without it. */
    private void answerKeyed(RoutingContext ctx, ImagesRequest request, String events, IdempotencyKey key) {
        jobsOf(ctx)
                .submit(request.spec().finishing(), key.key(), key.request())
                .<Void>map(job -> {
                    Consumer<JobEvent> client = answer(
                            ctx, request, events, (told, onLost) -> jobsOf(ctx).attend(job, told, onLost));
                    job.eventsAfter(0).forEach(client);
                    return null;
                })
                .onFailure(ctx::fail);
    }

    /** How an answer subscribes to the images. */
    private interface Attending {
        Attendance attend(Consumer<JobEvent> client, Runnable onLost);
    }

    private Consumer<JobEvent> answer(RoutingContext ctx, ImagesRequest request, String events, Attending attending) {
        if (request.stream()) {
            ImagesStream stream = new ImagesStream(ctx, jobs, request.spec(), events);
            stream.start(vertx, slowClient, attending.attend(stream::on, stream::lost));
            return stream::on;
        }
        ImagesAnswer answer = new ImagesAnswer(ctx, jobs, answers, request);
        Attendance client = attending.attend(answer::on, answer::lost);
        answers.attended(ctx, client::leave);
        return answer::on;
    }
}

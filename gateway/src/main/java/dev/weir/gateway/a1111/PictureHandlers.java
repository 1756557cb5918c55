package dev.weir.gateway.a1111;

import dev.weir.gateway.api.ApiException;
import dev.weir.gateway.api.Fields;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.Authentication;
import dev.weir.gateway.http.Caller;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.JobSpec;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/** {@code txt2img} and {@code img2img}: one answer when all pictures exist. A client that disconnects cancels. Event loop. */
final class PictureHandlers {

    /** What an answer repeats only where it is asked to. */
    private static final List<String> IMAGES = List.of("init_images", "mask");

    private final RequestBody body;
    private final RequestReader reader;
    private final JobLedger ledger;
    private final Answers answers;
    private final Callers callers;
    private final RunningRequests running = new RunningRequests();
    private final Translation translation;
    private final ReadingThreads threads;

    PictureHandlers(ApiParts parts, Callers callers) {
        this.body = parts.body();
        this.reader = parts.reader();
        this.ledger = parts.ledger();
        this.answers = parts.answers();
        this.callers = callers;
        this.translation = new Translation(parts.models());
        this.threads = parts.threads();
    }

    void mount(Router router, RequestTrace trace) {
        mount(router, trace, "/sdapi/v1/txt2img", translation::textToImage);
        mount(router, trace, "/sdapi/v1/img2img", translation::imageToImage);
    }

    private void mount(Router router, RequestTrace trace, String path, BiFunction<Fields, Options, Fields> translate) {
        router.post(path).handler(trace).handler(body.gathering()).handler(ctx -> {
            Options options = callers.options(ctx);
            Fields[] asked = new Fields[1];
            body.read(
                    ctx,
                    fields -> {
                        asked[0] = fields;
                        return translate.apply(fields, options);
                    },
                    read -> generate(ctx, asked[0], options, read.fields()));
        });
    }

    private void generate(RoutingContext ctx, Fields asked, Options options, Fields fields) {
        JobSpec plain = Hires.first(asked, job(asked, fields)).under(RequestTrace.of(ctx));
        JobSpec small = translation.skipping(asked, options, plain);
        ControlUnits.requireExact(asked, small);
        Optional<Hires> hires = Hires.of(asked, small, translation.upscalers(small));
        JobSpec first = hires.map(pass -> pass.enlarged(asked, small)).orElse(small);
        Optional<JobSpec> second = hires.map(pass -> translation.skipping(
                asked, options, pass.second(asked, fields, reader).under(RequestTrace.of(ctx))));
        RunningRequest request = new RunningRequest(
                asked.text("force_task_id").orElse(""),
                Caller.of(ctx),
                first.before(second.stream().toList()),
                second,
                System.currentTimeMillis());
        Map<String, String> shown = new LinkedHashMap<>(hires.map(Hires::shown).orElse(Map.of()));
        shown.putAll(translation.said(asked, options));
        PicturesAnswer answer = new PicturesAnswer(request, parameters(asked), translation.cfg(first), shown);
        new PicturesRun(
                        ctx,
                        ledger.of(Authentication.user(ctx)),
                        answers,
                        running,
                        request,
                        answer,
                        file -> threads.read(() -> reader.picture(file)))
                .start();
    }

    private JobSpec job(Fields asked, Fields fields) {
        try {
            return reader.job(fields);
        } catch (ApiException e) {
            throw ControlUnits.named(asked, e);
        }
    }

    private static JsonObject parameters(Fields asked) {
        JsonObject parameters = asked.toJson();
        if (!asked.flag("include_init_images")) {
            IMAGES.stream().filter(parameters::containsKey).forEach(parameters::putNull);
        }
        return parameters;
    }

    /** The request that the caller's requests of progress, interruption and skipping are about. */
    void mountProgress(Router router) {
        router.get("/sdapi/v1/progress").handler(this::progress);
        router.post("/sdapi/v1/interrupt").handler(this::interrupt);
        router.post("/sdapi/v1/skip").handler(this::skip);
        router.post("/internal/progress")
                .handler(body.gathering())
                .handler(ctx -> body.read(ctx, fields -> fields, read -> internalProgress(ctx, read.fields())));
    }

    private void progress(RoutingContext ctx) {
        boolean wantsPicture = !"true".equalsIgnoreCase(ctx.request().getParam("skip_current_image"));
        answers.json(
                ctx,
                200,
                running.oldestOf(Caller.of(ctx))
                        .map(run -> ProgressJson.of(run.request(), wantsPicture))
                        .orElseGet(ProgressJson::idle));
    }

    private void internalProgress(RoutingContext ctx, Fields fields) {
        String task = fields.text("id_task").orElse("");
        answers.json(
                ctx,
                200,
                running.named(task, Caller.of(ctx)).map(ProgressJson::ofTask).orElseGet(ProgressJson::endedTask));
    }

    private void interrupt(RoutingContext ctx) {
        running.oldestOf(Caller.of(ctx)).ifPresent(PicturesRun::interrupt);
        answers.json(ctx, 200, new JsonObject());
    }

    private void skip(RoutingContext ctx) {
        running.oldestOf(Caller.of(ctx)).ifPresent(PicturesRun::skip);
        answers.json(ctx, 200, new JsonObject());
    }
}

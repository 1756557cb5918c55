package dev.weir.gateway.a1111;

import dev.weir.gateway.api.PictureJobs;
import dev.weir.gateway.api.RequestReader;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ReadingThreads;
import dev.weir.gateway.http.RequestBody;
import dev.weir.gateway.http.RequestTrace;
import dev.weir.gateway.job.ModelNames;
import dev.weir.gateway.ledger.JobLedger;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** Mounts {@code /sdapi/v1} and {@code /internal/progress} of Automatic1111, and the lists of its extension for ControlNets. Event loop of the gateway. */
public final class A1111Api {

    private final PictureHandlers pictures;
    private final ExtrasHandlers extras;
    private final ListHandlers lists;
    private final RequestTrace trace;

    public A1111Api(
            RequestBody body,
            RequestReader reader,
            JobLedger ledger,
            Answers answers,
            ModelNames models,
            RequestTrace trace,
            ReadingThreads threads) {
        Callers callers = new Callers();
        this.pictures = new PictureHandlers(
                body, reader, ledger, answers, callers, new RunningRequests(), new Translation(models), threads);
        PictureJobs resizing = new PictureJobs(models, reader);
        this.extras = new ExtrasHandlers(body, reader, ledger, answers, resizing);
        this.lists = new ListHandlers(body, answers, callers, models, resizing);
        this.trace = trace;
    }

    /** To be called before anything that may refuse a request. */
    public static void shapeErrors(Router router) {
        router.route("/sdapi/*").handler(A1111Api::shapeErrors);
        router.route("/controlnet/*").handler(A1111Api::shapeErrors);
        router.route("/internal/progress").handler(A1111Api::shapeErrors);
    }

    public void mount(Router router) {
        pictures.mount(router, trace);
        pictures.mountProgress(router);
        extras.mount(router, trace);
        lists.mount(router);
    }

    private static void shapeErrors(RoutingContext ctx) {
        Answers.errorsOf(ctx, Errors::toJson);
        ctx.next();
    }
}

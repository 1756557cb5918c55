package dev.weir.gateway.a1111;

import dev.weir.gateway.api.PictureJobs;
import dev.weir.gateway.http.Answers;
import dev.weir.gateway.http.ApiParts;
import dev.weir.gateway.http.RequestTrace;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** Mounts {@code /sdapi/v1} and {@code /internal/progress} of Automatic1111, and the lists of its extension for ControlNets. Event loop of the gateway. */
public final class A1111Api {

    private final PictureHandlers pictures;
    private final ExtrasHandlers extras;
    private final ListHandlers lists;

    public A1111Api(ApiParts parts) {
        Callers callers = new Callers();
        PictureJobs resizing = new PictureJobs(parts.models(), parts.reader());
        this.pictures = new PictureHandlers(parts, callers);
        this.extras = new ExtrasHandlers(parts, resizing);
        this.lists = new ListHandlers(parts.body(), parts.answers(), callers, parts.models(), resizing);
    }

    /** To be called before anything that may refuse a request. */
    public static void shapeErrors(Router router) {
        router.route("/sdapi/*").handler(A1111Api::shapeErrors);
        router.route("/controlnet/*").handler(A1111Api::shapeErrors);
        router.route("/internal/progress").handler(A1111Api::shapeErrors);
    }

    public void mount(Router router, RequestTrace trace) {
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

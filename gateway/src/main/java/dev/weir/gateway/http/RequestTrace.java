package dev.weir.gateway.http;

import dev.weir.runtime.trace.Tracing;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;

/**
 * A span for a request, from its head to the end of its answer. It continues the client's trace or starts a new one.
 */
public final class RequestTrace implements Handler<RoutingContext> {

    private static final String SPAN = "weir.trace";
    private static final int SERVER_ERROR = 500;

    private final Tracing tracing;

    public RequestTrace(Tracing tracing) {
        this.tracing = tracing;
    }

    @Override
    public void handle(RoutingContext ctx) {
        String traceparent = ctx.request().getHeader("traceparent");
        String name = ctx.request().method() + " " + ctx.normalizedPath();
        Span span = tracing.request(name, traceparent == null ? "" : traceparent);
        ctx.put(SPAN, span);
        ctx.addEndHandler(end -> {
            int status = ctx.response().getStatusCode();
            span.setAttribute("http.request.method", ctx.request().method().name());
            span.setAttribute("url.path", ctx.normalizedPath());
            span.setAttribute("http.response.status_code", status);
            if (end.failed() || status >= SERVER_ERROR) {
                span.setStatus(StatusCode.ERROR);
            }
            span.end();
        });
        ctx.next();
    }

    /** The context for everything that the request causes. */
    public static String of(RoutingContext ctx) {
        return Tracing.traceparent(ctx.get(SPAN));
    }
}

package dev.weir.runtime.trace;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Starts spans that continue a received trace context, and provides the context for outgoing messages. Any thread.
 * There is no current span, because work changes threads here. If tracing is off, spans do nothing and received
 * contexts are forwarded unchanged.
 */
public final class Tracing {

    private static final String TRACEPARENT = "traceparent";
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();

    private final Tracer tracer;
    private final Supplier<Future<Void>> end;

    private Tracing(OpenTelemetry telemetry, Supplier<Future<Void>> end) {
        this.tracer = telemetry.getTracer("dev.weir");
        this.end = end;
    }

    public static Tracing off() {
        return to(OpenTelemetry.noop());
    }

    /** Uses an existing SDK, which the caller will close. */
    public static Tracing to(OpenTelemetry telemetry) {
        return new Tracing(telemetry, Future::succeededFuture);
    }

    /** @param end sends pending spans */
    static Tracing to(OpenTelemetry telemetry, Supplier<Future<Void>> end) {
        return new Tracing(telemetry, end);
    }

    /** The first span of this process for a request. It continues the trace of the client, if the client names one. */
    public Span request(String name, String traceparent) {
        return tracer.spanBuilder(name)
                .setSpanKind(SpanKind.SERVER)
                .setParent(context(traceparent))
                .startSpan();
    }

    /** A span that continues another process's trace, or starts a new trace if there is none. */
    public Span start(String name, String traceparent) {
        return tracer.spanBuilder(name).setParent(context(traceparent)).startSpan();
    }

    /** A span that continues another process's trace. Does nothing if there is none. */
    public Span within(String name, String traceparent) {
        return traceparent.isEmpty() ? Span.getInvalid() : start(name, traceparent);
    }

    /** A child span within this process. */
    public Span within(String name, Span parent) {
        return parent.isRecording()
                ? tracer.spanBuilder(name)
                        .setParent(parent.storeInContext(Context.root()))
                        .startSpan()
                : Span.getInvalid();
    }

    /** The trace context for outgoing messages under this span. Empty if nothing is traced. */
    public static String traceparent(Span span) {
        Map<String, String> fields = new HashMap<>();
        W3C.inject(span.storeInContext(Context.root()), fields, Map::put);
        return fields.getOrDefault(TRACEPARENT, "");
    }

    /** The trace id, by which collectors find the trace. Empty if there is none. */
    public static String traceId(String traceparent) {
        SpanContext named = Span.fromContext(context(traceparent)).getSpanContext();
        return named.isValid() ? named.getTraceId() : "";
    }

    /** Completes when all spans have been sent, or could not be. */
    public Future<Void> close() {
        return end.get();
    }

    private static Context context(String traceparent) {
        return W3C.extract(Context.root(), traceparent, new OneField());
    }

    private static final class OneField implements TextMapGetter<String> {

        @Override
        public Iterable<String> keys(String traceparent) {
            return List.of(TRACEPARENT);
        }

        @Override
        public String get(String traceparent, String key) {
            return key.equals(TRACEPARENT) ? traceparent : null;
        }
    }
}

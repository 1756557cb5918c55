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
 * Begins spans under what came over the wire, and says what is to go on with a message. Any thread; it keeps no current span,
 * since work here changes threads. Where it is off, spans do nothing and a trace that came in is passed on as it came.
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

    /** Through what others made, and will close. */
    public static Tracing to(OpenTelemetry telemetry) {
        return new Tracing(telemetry, Future::succeededFuture);
    }

    /** @param end sends what was not yet sent */
    static Tracing to(OpenTelemetry telemetry, Supplier<Future<Void>> end) {
        return new Tracing(telemetry, end);
    }

    /** The first span of this process for a request, which continues the trace that its client names, if it names one. */
    public Span request(String name, String traceparent) {
        return tracer.spanBuilder(name)
                .setSpanKind(SpanKind.SERVER)
                .setParent(context(traceparent))
                .startSpan();
    }

    /** A span under that of another process; a trace of its own where there is none. */
    public Span start(String name, String traceparent) {
        return tracer.spanBuilder(name).setParent(context(traceparent)).startSpan();
    }

    /** A span under that of another process; one that does nothing where there is none. */
    public Span within(String name, String traceparent) {
        return traceparent.isEmpty() ? Span.getInvalid() : start(name, traceparent);
    }

    /** A span under one of this process. */
    public Span within(String name, Span parent) {
        return parent.isRecording()
                ? tracer.spanBuilder(name)
                        .setParent(parent.storeInContext(Context.root()))
                        .startSpan()
                : Span.getInvalid();
    }

    /** What a message bears for others to go on under this span; empty where nobody traces. */
    public static String traceparent(Span span) {
        Map<String, String> fields = new HashMap<>();
        W3C.inject(span.storeInContext(Context.root()), fields, Map::put);
        return fields.getOrDefault(TRACEPARENT, "");
    }

    /** The trace's name, by which collectors find it; empty where there is none. */
    public static String traceId(String traceparent) {
        SpanContext named = Span.fromContext(context(traceparent)).getSpanContext();
        return named.isValid() ? named.getTraceId() : "";
    }

    /** Done when what was traced has been sent, or could not be. */
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

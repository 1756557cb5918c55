package dev.weir.runtime.trace;

import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.net.URI;
import java.util.Map;

/**
 * Sends spans to a collector, by OTLP over HTTP. The SDK's own {@code OTEL_*} variables configure the rest: sampling,
 * headers, the service's name, attributes of the process.
 */
public final class TraceExport {

    private TraceExport() {}

    /** @param endpoint of the collector, without the path for traces */
    public static Tracing to(URI endpoint, String nodeId) {
        Map<String, String> defaults = Map.of(
                "otel.service.name", "weir",
                "otel.exporter.otlp.protocol", "http/protobuf",
                "otel.metrics.exporter", "none",
                "otel.logs.exporter", "none",
                "otel.resource.attributes", "service.instance.id=" + nodeId);
        OpenTelemetrySdk sdk = AutoConfiguredOpenTelemetrySdk.builder()
                .disableShutdownHook()
                .addPropertiesSupplier(() -> defaults)
                .addPropertiesCustomizer(given -> Map.of("otel.exporter.otlp.endpoint", endpoint.toString()))
                .build()
                .getOpenTelemetrySdk();
        return Tracing.to(sdk, () -> done(sdk.shutdown()));
    }

    private static Future<Void> done(CompletableResultCode result) {
        Promise<Void> done = Promise.promise();
        result.whenComplete(done::complete);
        return done.future();
    }
}

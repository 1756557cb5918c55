package dev.weir.cli;

import java.net.URI;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Whether a process traces, and where to. */
final class TraceOptions {

    @Option(
            names = "--trace-endpoint",
            paramLabel = "URL",
            description = "An OpenTelemetry collector (OTLP over HTTP) for traces, such as http://collector:4318. "
                    + "Default: the value of OTEL_EXPORTER_OTLP_ENDPOINT, otherwise no traces.")
    private URI endpoint;

    Optional<URI> endpoint() {
        return endpoint != null
                ? Optional.of(endpoint)
                : Stream.of("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
                        .map(System::getenv)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .map(URI::create);
    }
}

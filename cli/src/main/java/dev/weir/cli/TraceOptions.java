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
            description =
                    "OpenTelemetry collector (OTLP over HTTP) for traces, as http://collector:4318. Default: what "
                            + "OTEL_EXPORTER_OTLP_ENDPOINT says, else no traces.")
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

package dev.weir.cli;

import dev.weir.runtime.HostPort;
import picocli.CommandLine.Option;

/** The address at which a process listens for clients, probes and scrapes. */
final class HttpOptions {

    static final int GATEWAY_PORT = 8080;
    private static final int MAX_PORT = 65_535;

    @Option(
            names = "--host",
            paramLabel = "ADDR",
            defaultValue = "127.0.0.1",
            description = "Address to listen on for HTTP; 0.0.0.0 for all. Default: ${DEFAULT-VALUE}.")
    private String host;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "The port for HTTP; 0: any free one. Default: 8080, or any free one without a gateway.")
    private Integer port;

    /** @param defaultPort for when none is asked for */
    HostPort address(int defaultPort) {
        if (port != null && (port < 0 || port > MAX_PORT)) {
            throw new CliException(CliException.USAGE, "--port must be from 0 to %d, not %d".formatted(MAX_PORT, port));
        }
        return new HostPort(host, port == null ? defaultPort : port);
    }
}

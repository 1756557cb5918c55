package dev.weir.cli;

import java.net.URI;
import picocli.CommandLine.Option;

/** Which gateway a command asks. */
final class ClientOptions {

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:8080",
            description = "A gateway. Default: ${DEFAULT-VALUE}.")
    private URI url;

    GatewayClient gateway() {
        return new GatewayClient(url);
    }
}

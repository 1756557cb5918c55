package dev.weir.cli;

import dev.weir.client.WeirClient;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which gateways a command asks. */
final class ClientOptions {

    @Option(
            names = "--url",
            paramLabel = "URL",
            split = ",",
            defaultValue = "http://127.0.0.1:8080",
            description = "A gateway, or several: the first that answers is asked. Default: ${DEFAULT-VALUE}.")
    private List<String> urls;

    @Mixin
    private AccessOptions access;

    WeirClient client() {
        return access.client(urls);
    }
}

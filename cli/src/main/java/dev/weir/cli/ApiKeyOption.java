package dev.weir.cli;

import dev.weir.client.WeirClient;
import java.util.List;
import picocli.CommandLine.Option;

/** The key that gateways ask for, and clients that use it. */
final class ApiKeyOption {

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description =
                    "A key of the gateway, if it asks for one. Rather set WEIR_API_KEY: other users of a machine see the flags "
                            + "of its processes.")
    private String key;

    WeirClient client(List<String> urls) {
        try {
            WeirClient.Builder client = WeirClient.builder();
            urls.forEach(client::gateway);
            if (key != null && !key.isBlank()) {
                client.apiKey(key.strip());
            }
            return client.build();
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--url: " + e.getMessage(), e);
        }
    }
}

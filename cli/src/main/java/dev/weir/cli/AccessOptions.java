package dev.weir.cli;

import dev.weir.client.WeirClient;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** What gateways need to know and to show before a command asks them, and clients that see to it. */
final class AccessOptions {

    @Option(
            names = "--api-key",
            paramLabel = "KEY",
            description =
                    "A key of the gateway, if it asks for one. Rather set WEIR_API_KEY: other users of a machine see the flags "
                            + "of its processes.")
    private String key;

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description =
                    "The PEM certificate that a gateway with HTTPS presents, or that of its authority. Default: the authorities "
                            + "that Java trusts.")
    private Path authority;

    WeirClient client(List<String> urls) {
        WeirClient.Builder client = WeirClient.builder();
        try {
            urls.forEach(client::gateway);
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--url: " + e.getMessage(), e);
        }
        try {
            if (key != null && !key.isBlank()) {
                client.apiKey(key.strip());
            }
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--api-key: " + e.getMessage(), e);
        }
        try {
            return authority == null ? client.build() : client.trust(authority).build();
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, "--ca: " + e.getMessage(), e);
        }
    }
}

package dev.weir.cli;

import dev.weir.gateway.GatewayConfig.Security;
import dev.weir.gateway.user.Users;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Who may use a gateway. */
final class SecurityOptions {

    @Option(
            names = "--api-keys",
            paramLabel = "FILE",
            description =
                    "A file of API keys (weir keys new NAME makes lines for it). Only holders of a key may use the gateway. "
                            + "It is read again when it changes. See docs/users.md. Default: anyone may use the gateway.")
    private Path keys;

    /** Throws {@link IllegalArgumentException} that names the first file which is wrong. */
    Security config() {
        Optional.ofNullable(keys).ifPresent(Users::of);
        return new Security(Optional.ofNullable(keys));
    }
}

package dev.weir.cli;

import dev.weir.gateway.GatewayConfig.Security;
import dev.weir.gateway.GatewayConfig.Tls;
import dev.weir.gateway.ServerCertificate;
import dev.weir.gateway.user.Users;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Who may use a gateway, and its certificate. */
final class SecurityOptions {

    @Option(
            names = "--api-keys",
            paramLabel = "FILE",
            description =
                    "A file of API keys (weir keys new NAME makes lines for it). Only holders of a key may use the gateway. "
                            + "It is read again when it changes. See docs/users.md. Default: anyone may use the gateway.")
    private Path keys;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description =
                    "The PEM certificate of the gateway, followed by its chain. Clients then connect with HTTPS. It and its key "
                            + "are read again when they change. See docs/security.md. Default: plain HTTP.")
    private Path certificate;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "PEM key of that certificate, without a password.")
    private Path key;

    /** Throws {@link IllegalArgumentException} that names the first file which is wrong. */
    Security config() {
        Optional.ofNullable(keys).ifPresent(Users::of);
        if (certificate == null != (key == null)) {
            throw new IllegalArgumentException("--tls-cert and --tls-key go together: give both or none");
        }
        Optional<Tls> tls = Optional.ofNullable(certificate).map(file -> new Tls(file, key));
        tls.ifPresent(ServerCertificate::of);
        return new Security(Optional.ofNullable(keys), tls);
    }
}

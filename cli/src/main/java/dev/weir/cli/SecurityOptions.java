package dev.weir.cli;

import dev.weir.gateway.GatewayConfig.Security;
import dev.weir.gateway.GatewayConfig.Tls;
import dev.weir.gateway.GatewayConfig.Webhooks;
import dev.weir.gateway.ServerCertificate;
import dev.weir.gateway.replicate.WebhookSecret;
import dev.weir.gateway.user.KeysFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

    @Option(
            names = "--webhook-secret",
            paramLabel = "FILE",
            description =
                    "A file with at least 32 random characters, the same for all gateways. It lets Replicate's clients "
                            + "give webhooks, whose signatures derive from it. See docs/apis.md. Default: no webhooks.")
    private Path webhookSecret;

    @Option(
            names = "--webhook-hosts",
            paramLabel = "HOST",
            split = ",",
            description =
                    "Hosts that webhooks may call although they have private addresses or no HTTPS. Default: none.")
    private List<String> webhookHosts = List.of();

    /** Throws {@link IllegalArgumentException} that names the first file which is wrong. */
    Security config() {
        Optional<KeysFile> read = Optional.ofNullable(keys).map(KeysFile::read);
        if (certificate == null != (key == null)) {
            throw new IllegalArgumentException("--tls-cert and --tls-key go together: give both or none");
        }
        Optional<Tls> tls = Optional.ofNullable(certificate).map(file -> new Tls(file, key));
        tls.ifPresent(ServerCertificate::of);
        if (webhookSecret == null && !webhookHosts.isEmpty()) {
            throw new IllegalArgumentException("--webhook-hosts needs --webhook-secret");
        }
        Optional<Webhooks> webhooks = Optional.ofNullable(webhookSecret)
                .map(file -> new Webhooks(WebhookSecret.of(file), Set.copyOf(webhookHosts)));
        return new Security(read, tls, webhooks);
    }
}

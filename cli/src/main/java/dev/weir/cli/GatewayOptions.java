package dev.weir.cli;

import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayConfig.Api;
import dev.weir.gateway.http.Access;
import dev.weir.runtime.HostPort;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How clients reach a gateway, and how they call its models. */
final class GatewayOptions {

    private static final String NO_APIS = "none";

    @Mixin
    private SecurityOptions security = new SecurityOptions();

    @Mixin
    private StorageOptions storage = new StorageOptions();

    @Mixin
    private JobOptions jobs = new JobOptions();

    @Option(
            names = "--trusted-proxies",
            paramLabel = "ADDR",
            split = ",",
            description = "Addresses or networks (10.0.0.0/8) of the proxies whose Forwarded and X-Forwarded-* headers "
                    + "count. Default: proxies on this machine.")
    private List<String> trustedProxies = Access.LOOPBACK;

    @Option(
            names = "--allowed-origins",
            paramLabel = "URL",
            split = ",",
            description =
                    "Origins of the pages that may use the gateway, such as https://weir.example. Their hosts are "
                            + "the names that the gateway answers to. * allows any. Default: the origin of the request.")
    private List<String> allowedOrigins = List.of();

    @Option(
            names = "--cors-origin",
            paramLabel = "URL",
            split = ",",
            description = "Origins of pages on other servers that may use the gateway from a browser (CORS), such as "
                    + "https://app.example or http://localhost:3000. Default: none.")
    private List<String> corsOrigins = List.of();

    @Option(
            names = "--model-alias",
            paramLabel = "NAME=MODEL",
            split = ",",
            description = "Another name of a model, such as dall-e-3=default. The name * stands for all unknown names. "
                    + "The model \"default\" is the first one.")
    private Map<String, String> modelAliases = Map.of();

    @Option(
            names = "--apis",
            paramLabel = "NAME",
            split = ",",
            description = "APIs of other programs that the gateway offers besides its own: openai, a1111, comfyui, "
                    + "huggingface, replicate. Default: all. none: its own only.")
    private List<String> apis = all();

    private static List<String> all() {
        return Stream.of(Api.values()).map(Api::toString).toList();
    }

    /** Throws {@link CliException} that names the first value which is wrong. */
    GatewayConfig config(HostPort address) {
        modelAliases.forEach((name, model) -> {
            if (name.isBlank() || model == null || model.isBlank()) {
                String message = "--model-alias must be NAME=MODEL, not %s=%s".formatted(name, model);
                throw new CliException(CliException.USAGE, message);
            }
        });
        try {
            return GatewayConfig.on(address.host(), address.port())
                    .with(Access.of(trustedProxies, allowedOrigins)
                            .withCrossOrigins(isEmpty(corsOrigins) ? List.of() : corsOrigins))
                    .with(security.config())
                    .withAliases(modelAliases)
                    .withApis(apis())
                    .with(storage.config())
                    .with(jobs.patience());
        } catch (IllegalArgumentException e) {
            throw new CliException(CliException.USAGE, e.getMessage(), e);
        }
    }

    /** A setting without a value, such as an empty variable, is read as one empty entry. */
    private static boolean isEmpty(List<String> entries) {
        return entries.equals(List.of(""));
    }

    private Set<Api> apis() {
        Set<Api> chosen = EnumSet.noneOf(Api.class);
        if (!apis.equals(List.of(NO_APIS))) {
            for (String name : apis) {
                chosen.add(Stream.of(Api.values())
                        .filter(api -> api.toString().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException("--apis: there is no %s; there are %s, or none"
                                .formatted(name, String.join(", ", all())))));
            }
        }
        return chosen;
    }
}

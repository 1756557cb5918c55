package dev.weir.cli;

import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.Role;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A process that is part of a cluster. */
@Command(
        name = "node",
        header = "Run one or more roles in this process, as a node of a cluster.%n",
        description = {
            "Roles: gateway, text-encoder, denoiser, upsampler, second-upsampler, decoder. Any number of nodes may run the same role.",
            "Prints one line, \"ready URL\", when its models are loaded and warm. SIGTERM drains: held work is finished or "
                    + "handed back, and no request is lost.",
            "Ends by itself, with exit code 1, if it has lost the cluster and cannot rejoin. Restart it then.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir node gateway --bind 10.0.0.1                         the first node",
            "  weir node text-encoder,decoder --join 10.0.0.1            several stages in one process",
            "  weir node denoiser --join 10.0.0.1 --model ~/models/sd    one per machine",
            "",
            "A node without a gateway serves /healthz, /readyz and /metrics at the URL that it prints."
        })
final class NodeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "ROLE", split = ",", arity = "1..*", description = "What this node is to be.")
    private List<Role> roles;

    @Mixin
    private HttpOptions http;

    @Mixin
    private GatewayOptions gateway;

    @Mixin
    private ModelOptions models;

    @Mixin
    private ClusterOptions cluster;

    @Mixin
    private LimitOptions limits;

    @Mixin
    private TraceOptions traces;

    @Override
    public Integer call() {
        Set<Role> wanted = EnumSet.copyOf(roles);
        boolean hasGateway = wanted.contains(Role.GATEWAY);
        var address = http.address(hasGateway ? HttpOptions.GATEWAY_PORT : 0);
        boolean hasStage = wanted.stream().anyMatch(role -> role.stage().isPresent());
        NodeConfig config = new NodeConfig(
                        wanted,
                        Optional.of(cluster.toConfig()),
                        hasGateway ? Optional.empty() : Optional.of(address),
                        hasStage ? models.toConfig() : NodeConfig.Compute.auto(List.of()),
                        limits.node())
                .tracingTo(traces.endpoint());
        ProgressDisplay.on(spec.commandLine().getErr())
                .starting(config.compute().models());
        WeirNode node = WeirNode.start(config, gateway.config(address), limits);
        node.announce(spec.commandLine().getOut());
        node.serve();
        return 0;
    }
}

package dev.weir.cli;

import dev.weir.runtime.HostPort;
import dev.weir.runtime.NodeConfig;
import dev.weir.runtime.Role;
import java.util.EnumSet;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Every stage in one process, with a gateway. */
@Command(
        name = "up",
        header = "Run all stages in this process and serve over HTTP.%n",
        description = {
            "Prints one line, \"ready URL\", when the models are loaded and warm. Ctrl-C or SIGTERM drains: held work is finished "
                    + "and new work is rejected.",
            ""
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  weir up                                  serves a page and OpenAI's Images API on http://127.0.0.1:8080",
            "  weir up --host 0.0.0.0 --port 80         also reachable from other machines",
            "  weir up --model ~/models/sd-1.5          any diffusers folder with safetensors",
            "  weir up --model-dir ~/models             all models of a folder, each loaded on first use",
            "  weir up --bind 192.168.0.10              so that other nodes can --join it"
        })
final class UpCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

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
        HostPort address = http.address(HttpOptions.GATEWAY_PORT);
        NodeConfig.Compute compute = models.toConfig();
        NodeConfig config = new NodeConfig(
                        EnumSet.allOf(Role.class),
                        cluster.isAsked() ? Optional.of(cluster.toConfig()) : Optional.empty(),
                        Optional.empty(),
                        compute,
                        limits.node())
                .tracingTo(traces.endpoint());
        ProgressDisplay.on(spec.commandLine().getErr()).starting(compute.models());
        WeirNode node = WeirNode.startNeeded(config, gateway.config(address), limits);
        node.awaitReady();
        node.announce(spec.commandLine().getOut());
        node.serve();
        return 0;
    }
}

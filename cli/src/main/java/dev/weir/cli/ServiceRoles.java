package dev.weir.cli;

import dev.weir.decoder.DecoderStage;
import dev.weir.decoder.Safety;
import dev.weir.denoiser.DenoiserStage;
import dev.weir.engine.ComputeTarget;
import dev.weir.gateway.GatewayConfig;
import dev.weir.gateway.GatewayVerticle;
import dev.weir.gateway.http.MetricsGuard;
import dev.weir.gateway.user.Users;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.Role;
import dev.weir.runtime.RoleFactory;
import dev.weir.runtime.memory.MemoryArea;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.StageNode;
import dev.weir.serving.NodeModels;
import dev.weir.serving.SteppingStage;
import dev.weir.textencoder.StatesMemory;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import io.vertx.core.Deployable;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Creates the verticle of each role. The only class that knows all services. */
final class ServiceRoles implements RoleFactory {

    private final NodeModels models;
    private final List<ComputeTarget> targets;
    private final GatewayConfig gateway;
    private final int held;
    private final SteppingStage.Limits stepping;
    private final Safety safety;
    private volatile GatewayVerticle deployedGateway;

    /** @param targets of the denoiser and the upsampler, which are there once for each; the other stages run on the first */
    ServiceRoles(
            NodeModels models, List<ComputeTarget> targets, GatewayConfig gateway, LimitOptions limits, Safety safety) {
        this.models = models;
        this.targets = List.copyOf(targets);
        this.gateway = gateway;
        // A wrong value is refused before anything starts.
        this.held = limits.held();
        this.stepping = limits.stepping();
        this.safety = safety;
    }

    @Override
    public void named(String nodeId) {
        Logs.name(nodeId);
    }

    /** The keys of gateways, if this node has them too. */
    @Override
    public Handler<RoutingContext> metricsGuard(Vertx vertx) {
        return gateway.security()
                .keys()
                .<Handler<RoutingContext>>map(file -> {
                    Users users = Users.of(file);
                    users.watch(vertx, () -> {});
                    return new MetricsGuard(users);
                })
                .orElse(RoutingContext::next);
    }

    @Override
    public Deployable create(Role role, NodeContext context) {
        ComputeTarget first = targets.get(0);
        return switch (role) {
            case GATEWAY -> deployedGateway = new GatewayVerticle(context, gateway);
            case TEXT_ENCODER -> on(context, new TextEncoderStage(models, first, held, states(context)));
            case DENOISER -> onEach(context, target -> DenoiserStage.create(models, target, stepping));
            case UPSAMPLER -> onEach(context, target -> UpsamplerStage.create(models, target, stepping));
            case SECOND_UPSAMPLER -> onEach(context, target -> UpsamplerStage.second(models, target, stepping));
            case DECODER -> on(context, new DecoderStage(models, first, held, safety));
        };
    }

    /** The port of the gateway, once the node has started. */
    int gatewayPort() {
        return deployedGateway.actualPort();
    }

    private static Optional<StatesMemory> states(NodeContext context) {
        return Optional.of(
                new StatesMemory(context.vertx(), context.memory().map(MemoryArea.TEXT_STATES), context.metrics()));
    }

    private static Deployable on(NodeContext context, Stage stage) {
        return new StageNode(context, stage);
    }

    private Deployable onEach(NodeContext context, Function<ComputeTarget, Stage> stage) {
        List<StageNode> nodes = new ArrayList<>();
        for (int unit = 0; unit < targets.size(); unit++) {
            nodes.add(new StageNode(context.ofUnit(unit), stage.apply(targets.get(unit))));
        }
        return nodes.size() == 1 ? nodes.get(0) : new StagesOfDevices(nodes);
    }
}

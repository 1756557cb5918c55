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
import dev.weir.textencoder.StatesMemory;
import dev.weir.textencoder.TextEncoderStage;
import dev.weir.upsampler.UpsamplerStage;
import io.vertx.core.Deployable;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;

/** Creates the verticle of each role. The only class that knows all services. */
final class ServiceRoles implements RoleFactory {

    private final NodeModels models;
    private final ComputeTarget target;
    private final GatewayConfig gateway;
    private final LimitOptions limits;
    private final Safety safety;
    private volatile GatewayVerticle deployedGateway;

    ServiceRoles(NodeModels models, ComputeTarget target, GatewayConfig gateway, LimitOptions limits, Safety safety) {
        this.models = models;
        this.target = target;
        this.gateway = gateway;
        this.limits = limits;
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
        return switch (role) {
            case GATEWAY -> deployedGateway = new GatewayVerticle(context, gateway);
            case TEXT_ENCODER -> on(context, new TextEncoderStage(models, target, limits.held(), states(context)));
            case DENOISER -> on(context, DenoiserStage.create(models, target, limits.stepping()));
            case UPSAMPLER -> on(context, UpsamplerStage.create(models, target, limits.stepping()));
            case DECODER -> on(context, new DecoderStage(models, target, limits.held(), safety));
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
}

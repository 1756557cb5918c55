package dev.weir.cli;

import dev.weir.runtime.stage.StageNode;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.List;

/**
 * One stage on several devices: a verticle for each device, with a device thread, credits and a status of its own. It starts when all
 * have opened. Vert.x ends them with it. It does no work itself.
 */
final class StagesOfDevices extends VerticleBase {

    private final List<StageNode> nodes;

    StagesOfDevices(List<StageNode> nodes) {
        this.nodes = List.copyOf(nodes);
    }

    @Override
    public Future<?> start() {
        return Future.all(nodes.stream().map(vertx::deployVerticle).toList());
    }
}

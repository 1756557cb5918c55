package dev.weir.runtime.stage;

import dev.weir.proto.v1.ModelStatus;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.ops.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stage of one node: the verticle that opens it, runs its device thread, and reports its health and drains it. Its
 * event loop runs the {@link StageProtocol}; the device thread owns the stage itself.
 *
 * <p>It computes nothing and selects no rows: that is the {@link Stage}'s task.
 */
public final class StageNode extends VerticleBase implements Component {

    private static final Logger log = LoggerFactory.getLogger(StageNode.class);
    private static final long CLOSE_WAIT_MS = 10_000;
    private static final String PROCESSOR = "cpu";
    /** A forward pass of a large model takes some minutes there, and how many is known only after the first one. */
    private static final Duration PROCESSOR_STALL_LIMIT = Duration.ofMinutes(30);
    /** A turn may be longer than all before it: with more rows, or of a larger picture or model. */
    private static final int TIMES_LONGEST = 4;

    private final NodeContext node;
    private final Stage stage;
    private final Promise<Void> opened = Promise.promise();
    private final Promise<Void> closed = Promise.promise();
    private StageProtocol protocol;
    private DeviceThread device;
    private volatile boolean ready;

    public StageNode(NodeContext node, Stage stage) {
        this.node = node;
        this.stage = stage;
    }

    /** Completes when the stage is open and offers can arrive. Fails with the exception of {@link Stage#open}. */
    @Override
    public Future<?> start() {
        protocol = new StageProtocol(node, stage);
        device = new DeviceThread(threadName(), stage, protocol.outbox(), protocol.turns(), new Opening());
        node.health().add(this);
        device.start();
        return opened.future()
                .compose(v -> protocol.start(device))
                .onSuccess(v -> ready = true)
                .onFailure(problem -> node.health().remove(this));
    }

    private String threadName() {
        return "weir-" + name() + "-device" + (node.unit() == 0 ? "" : "-" + node.unit());
    }

    @Override
    public Future<?> stop() {
        return drain(Duration.ZERO).compose(v -> {
            device.close();
            node.health().remove(this);
            vertx.setTimer(CLOSE_WAIT_MS, id -> {
                if (closed.tryComplete()) {
                    log.warn(
                            "The device thread of the {} did not end within {} ms and is abandoned",
                            name(),
                            CLOSE_WAIT_MS);
                }
            });
            return closed.future();
        });
    }

    @Override
    public String name() {
        return Addresses.name(stage.kind());
    }

    @Override
    public boolean ready() {
        return ready && !protocol.isDraining() && servesAModel();
    }

    /** A stage that none of its node's models has is idle, not broken. */
    private boolean servesAModel() {
        List<ModelStatus> models = stage.models();
        return models.isEmpty()
                || models.stream().anyMatch(model -> model.getProblem().isEmpty());
    }

    @Override
    public long stalledMs() {
        return device.stalledMs();
    }

    @Override
    public Duration stallLimit(Duration usual) {
        Duration least = stage.target().device().equals(PROCESSOR) ? PROCESSOR_STALL_LIMIT : usual;
        Duration measured = device.longest().multipliedBy(TIMES_LONGEST);
        return measured.compareTo(least) > 0 ? measured : least;
    }

    @Override
    public Future<Void> drain(Duration deadline) {
        Promise<Void> left = Promise.promise();
        context.runOnContext(v -> protocol.drain(deadline).onComplete(left));
        return left.future();
    }

    /** Transfers the beginning and the end of the device thread to the event loop. */
    private final class Opening implements DeviceThread.Opening {

        /** Where another stage of the node failed to open, the event loop may have ended before this one is open. */
        private void onLoop(Runnable action) {
            try {
                context.runOnContext(v -> action.run());
            } catch (RejectedExecutionException ended) {
                log.debug("The node ended before its {}", name());
            }
        }

        @Override
        public void opened() {
            onLoop(() -> opened.complete());
        }

        @Override
        public void openFailed(Throwable problem) {
            onLoop(() -> {
                closed.tryComplete();
                opened.fail(problem);
            });
        }

        @Override
        public void closed() {
            onLoop(() -> closed.tryComplete());
        }
    }
}

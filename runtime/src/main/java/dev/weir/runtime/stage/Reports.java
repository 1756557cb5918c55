package dev.weir.runtime.stage;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.ops.SampleLog;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the events of a stage node to the owners of its samples. Event loop of the stage node. */
final class Reports {

    private static final Logger log = LoggerFactory.getLogger(Reports.class);
    private static final int DELIVERIES = 5;
    private static final long DELIVER_AGAIN_MS = 1000;

    private final NodeContext node;
    private final StageKind kind;
    private final Runnable changed;
    private int underWay;

    /** @param changed called when an owner has acknowledged a delivery, or cannot be reached */
    Reports(NodeContext node, StageKind kind, Runnable changed) {
        this.node = node;
        this.kind = kind;
        this.changed = changed;
    }

    /** For events that may be lost, because the next event contains the same information. */
    void tell(Held held, Event.Builder event, List<Tensor> tensors) {
        node.courier().tell(held.work.task().getOwner(), Parcel.of(event.build(), tensors));
    }

    /**
     * For events that must not be lost, such as the end of a sample: repeated until the owner acknowledges it or cannot
     * be reached.
     */
    void deliver(Held held, Event.Builder event, List<Tensor> tensors) {
        underWay++;
        deliver(held, Parcel.of(event.build(), tensors), DELIVERIES);
    }

    /** The number of deliveries without an acknowledgement. */
    int underWay() {
        return underWay;
    }

    private void deliver(Held held, Parcel event, int deliveries) {
        node.courier().deliver(held.work.task().getOwner(), event).onComplete(answer -> {
            if (answer.failed() && deliveries > 1) {
                node.vertx().setTimer(DELIVER_AGAIN_MS, id -> deliver(held, event, deliveries - 1));
                return;
            }
            if (answer.failed()) {
                String why = answer.cause().getMessage();
                SampleLog.about(
                        held.work.task().getRef(),
                        kind,
                        held.work.task().getTraceparent(),
                        () -> log.warn("The owner cannot be reached: {}", why));
            }
            underWay--;
            changed.run();
        });
    }
}

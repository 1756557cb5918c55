package dev.weir.runtime.stage;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.Holdings;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.ops.SampleLog;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends the events of a stage node to the owners of its samples. An event that must not be lost is repeated until its
 * owner acknowledges it, until its attempt does not count any more, or until the sample's deadline. Event loop of the
 * stage node.
 */
final class Reports {

    private static final Logger log = LoggerFactory.getLogger(Reports.class);
    private static final long AGAIN_MS = 1000;
    /** The pause between deliveries doubles up to so many times the first one. */
    private static final long LONGEST_PAUSE = 4;

    /** An event without an acknowledgement. Compared by identity. */
    private static final class Delivery {
        final Held held;
        final Event event;
        final Parcel parcel;

        Delivery(Held held, Event event, List<Tensor> tensors) {
            this.held = held;
            this.event = event;
            this.parcel = Parcel.of(event, tensors);
        }

        Task task() {
            return held.work.task();
        }
    }

    private final NodeContext node;
    private final StageKind kind;
    private final Runnable changed;
    private final long againMs;
    private final Set<Delivery> underWay = new LinkedHashSet<>();

    /** @param changed called when a delivery has ended */
    Reports(NodeContext node, StageKind kind, Runnable changed) {
        this(node, kind, changed, AGAIN_MS);
    }

    /** @param againMs the pause before the second delivery */
    Reports(NodeContext node, StageKind kind, Runnable changed, long againMs) {
        this.node = node;
        this.kind = kind;
        this.changed = changed;
        this.againMs = againMs;
    }

    /** For events that may be lost, because the next event contains the same information. */
    void tell(Held held, Event.Builder event, List<Tensor> tensors) {
        node.courier().tell(held.work.task().getOwner(), Parcel.of(event.build(), tensors));
    }

    /** For events that must not be lost, such as the end of a sample. */
    void deliver(Held held, Event.Builder event, List<Tensor> tensors) {
        Delivery delivery = new Delivery(held, event.build(), tensors);
        underWay.add(delivery);
        deliver(delivery, againMs);
    }

    /** The number of deliveries without an acknowledgement. */
    int underWay() {
        return underWay.size();
    }

    /** The tasks that are held here, and those that have ended here and whose owners have not acknowledged it. */
    Holdings holdings(Stream<Task> held) {
        return Holdings.newBuilder()
                .addAllSamples(Stream.concat(held, unacknowledged())
                        .map(task -> Holding.newBuilder()
                                .setRef(task.getRef())
                                .setOwner(task.getOwner())
                                .build())
                        .distinct()
                        .toList())
                .build();
    }

    private Stream<Task> unacknowledged() {
        return underWay.stream()
                .filter(delivery ->
                        delivery.event.hasFinished() || delivery.event.hasFailed() || delivery.event.hasHandedBack())
                .map(Delivery::task);
    }

    /** Stops the deliveries about tasks that do not count any more. */
    void withdraw(Predicate<Task> outdated) {
        if (underWay.removeIf(delivery -> outdated.test(delivery.task()))) {
            changed.run();
        }
    }

    private void deliver(Delivery delivery, long pauseMs) {
        node.courier().deliver(delivery.task().getOwner(), delivery.parcel).onComplete(answer -> {
            if (!underWay.contains(delivery)) {
                return;
            }
            boolean isLate = delivery.held.isLate(node.loop().nowMs());
            if (answer.failed() && (isLate || pauseMs == againMs)) {
                tellUnreachable(delivery, answer.cause().getMessage());
            }
            if (answer.succeeded() || isLate) {
                underWay.remove(delivery);
                changed.run();
                return;
            }
            node.loop().after(pauseMs, () -> {
                if (underWay.contains(delivery)) {
                    deliver(delivery, Math.min(2 * pauseMs, LONGEST_PAUSE * againMs));
                }
            });
        });
    }

    private void tellUnreachable(Delivery delivery, String why) {
        SampleLog.about(
                delivery.task().getRef(),
                kind,
                delivery.task().getTraceparent(),
                () -> log.warn("The owner did not acknowledge an event: {}", why));
    }
}

package dev.weir.runtime.stage;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import dev.weir.runtime.ops.Component;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stage of one node on the bus: answers offers at acceptance, keeps the credits, lets the device thread do the
 * work, and publishes its status. Its event loop owns everything here except the stage itself, which the device thread
 * owns.
 *
 * <p>It computes nothing and selects no rows: that is the {@link Stage}'s task.
 */
public final class StageNode extends VerticleBase implements Component {

    private static final Logger log = LoggerFactory.getLogger(StageNode.class);
    private static final long STATUS_MS = 500;
    private static final long STATUS_SOON_MS = 50;
    private static final long DEADLINE_CHECK_MS = 250;
    private static final long CLOSE_WAIT_MS = 10_000;
    private static final long GIVE_BACK_WAIT_MS = 2000;
    /** A node that stops does not wait longer for owners, which may be dead. */
    private static final long OWNERS_WAIT_MS = 5000;

    private final NodeContext node;
    private final Stage stage;
    private final String address;
    private final InFlightTable inFlight;
    private final StageMeters meters;
    private final Promise<Void> opened = Promise.promise();
    private final Promise<Void> closed = Promise.promise();
    private SampleLifecycle lifecycle;
    private DeviceThread device;
    private Offers offers;
    private Rebalancing rebalancing;
    private Inbox work;
    private Inbox cancels;
    private Promise<Void> drained;
    private boolean gone;
    private boolean waitsForOwners;
    private boolean statusIsDue;
    private long statusSequence;
    private volatile NodeStatus published;
    private volatile boolean ready;

    public StageNode(NodeContext node, Stage stage) {
        this.node = node;
        this.stage = stage;
        this.address = Addresses.stage(stage.kind(), node.nodeId());
        this.inFlight = new InFlightTable(stage::capacity);
        this.meters = new StageMeters(node.metrics(), stage);
    }

    /** Completes when the stage is open and offers can arrive. Fails with the exception of {@link Stage#open}. */
    @Override
    public Future<?> start() {
        lifecycle = new SampleLifecycle(node, context, stage, inFlight, meters, this::changed);
        device = new DeviceThread("weir-" + name() + "-device", stage, lifecycle, new DeviceListener());
        offers = new Offers(stage, inFlight);
        rebalancing = new Rebalancing(stage, address, System::nanoTime);
        node.health().add(this);
        device.start();
        return opened.future().compose(v -> listen()).onFailure(problem -> node.health()
                .remove(this));
    }

    private Future<Void> listen() {
        published = status();
        meters.watch(inFlight, () -> published);
        meters.computesOn(stage.target());
        return node.courier()
                .listen(address, this::receive)
                .onSuccess(inbox -> work = inbox)
                .compose(v -> node.courier().listen(Addresses.CANCEL, this::cancel))
                .onSuccess(inbox -> cancels = inbox)
                .map(v -> {
                    vertx.setPeriodic(STATUS_MS, id -> publishStatus());
                    vertx.setPeriodic(DEADLINE_CHECK_MS, id -> failLate());
                    vertx.setPeriodic(Rebalancing.LOOK_MS, id -> rebalance());
                    ready = true;
                    publishStatus();
                    return null;
                });
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

    private void receive(Delivery delivery) {
        if (delivery.parcel().header().hasOffer()) {
            Task task = delivery.parcel().header().getOffer().getTask();
            delivery.reply().accept(answer(task, delivery.parcel().tensors()));
        } else {
            log.warn("{} takes offers only: dropped a message", address);
        }
    }

    private OfferReply answer(Task task, List<Tensor> tensors) {
        Offers.Decision decision = offers.decide(task, drained != null, System.currentTimeMillis());
        if (decision.take()) {
            List<Held> older = inFlight.olderThan(task);
            lifecycle.displace(older, task);
            if (!older.isEmpty()) {
                forget(older.get(0).work.key());
            }
            Work taken = new Work(task, tensors);
            Held held = inFlight.take(taken, System.nanoTime());
            lifecycle.accepted(held);
            stage.prepare(taken).whenComplete((prepared, problem) -> {
                if (inFlight.holds(held)) {
                    device.admit(taken);
                }
            });
        }
        return decision.reply();
    }

    private void cancel(Delivery delivery) {
        if (delivery.parcel().header().hasCancel()) {
            Cancellation cancelled = Cancellation.of(delivery.parcel().header().getCancel());
            lifecycle.withdraw(cancelled);
            inFlight.cancel(cancelled).stream()
                    .map(held -> held.work.key())
                    .distinct()
                    .forEach(this::forget);
        }
    }

    /** Releases everything that is held of a sample, including its frames. */
    private void forget(SampleKey key) {
        device.drop(key);
        inFlight.ofSample(key).forEach(lifecycle::release);
    }

    private void failLate() {
        long now = System.currentTimeMillis();
        for (Held late : inFlight.matching(held -> held.isLate(now))) {
            if (inFlight.holds(late)) {
                lifecycle.fail(
                        late,
                        new Failure("deadline_exceeded", "the deadline passed at the %s".formatted(name()), false));
                forget(late.work.key());
            }
        }
    }

    private void rebalance() {
        if (drained == null) {
            for (Move move : rebalancing.look(node.directory().alive())) {
                inFlight.matching(held -> isMovable(held, move.sample())).forEach(held -> move(held, move.to()));
            }
        }
    }

    private static boolean isMovable(Held held, SampleKey sample) {
        return held.work.key().equals(sample) && !held.work.isFrame() && held.phase() != Held.Phase.HANDING_ON;
    }

    private void move(Held held, String to) {
        giveBack(held, stood -> {
            // The sample may have finished before the device received the command.
            if (held.phase() != Held.Phase.HANDING_ON) {
                stood.ifPresent(held::keep);
                lifecycle.handTo(held, to);
            }
        });
    }

    /** Takes a sample off the device. If it is still held, the action receives its state. */
    private void giveBack(Held held, Consumer<Optional<Snapshot>> then) {
        device.giveBack(
                held.work,
                stood -> context.runOnContext(v -> {
                    if (inFlight.holds(held)) {
                        then.accept(stood.map(Supplier::get));
                    }
                }));
    }

    private void changed() {
        completeDrain();
        if (!published.getModelsList().equals(stage.models())) {
            publishStatus(); // A model was found broken: owners should know before they look for another node.
        }
        if (inFlight.freeCredits() == 1 && !statusIsDue) {
            statusIsDue = true;
            vertx.setTimer(STATUS_SOON_MS, id -> publishStatus());
        }
    }

    private void completeDrain() {
        if (drained != null && lifecycle.isClear()) {
            drained.tryComplete();
        } else if (drained != null && inFlight.isEmpty() && !waitsForOwners) {
            waitsForOwners = true;
            vertx.setTimer(OWNERS_WAIT_MS, late -> drained.tryComplete());
        }
    }

    private void publishStatus() {
        if (!gone) {
            statusIsDue = false;
            published = status();
            node.courier().publish(Addresses.STATUS, Parcel.of(published));
        }
    }

    private NodeStatus status() {
        Target target = stage.target();
        Optional<Load> load = stage.load();
        NodeStatus.Builder status = NodeStatus.newBuilder();
        load.map(Load::pace).orElse(Map.of()).forEach((model, pace) -> status.putPace(model, pace.toProto()));
        return status.setMember(node.memory().member())
                .setNodeId(node.nodeId())
                .setAddress(address)
                .setStage(stage.kind())
                .addAllModels(stage.models())
                .setCapacity(inFlight.capacity())
                .setFreeCredits(drained == null ? inFlight.freeCredits() : 0)
                .setWaiting(inFlight.count(Held.Phase.WAITING))
                .setRunning(inFlight.count(Held.Phase.RUNNING))
                .setBacklogSeconds(
                        load.map(Load::backlogSeconds).orElseGet(() -> meters.backlogSeconds(inFlight.forwardsLeft())))
                .setRoundSeconds(load.map(Load::roundSeconds).orElse(0.0))
                .setRows(load.map(Load::rows).orElse(0))
                .putAllRowSeconds(load.map(Load::rowSeconds).orElse(Map.of()))
                .setStepSeconds(meters.stepSeconds())
                .setLastBatch(meters.lastRows())
                .setDraining(drained != null)
                .setDevice(target.device())
                .setPrecision(target.precision())
                .setEngine(target.engine())
                .setInstructionSet(target.instructionSet())
                .setEngineReason(target.reason())
                .setSequence(++statusSequence)
                .setFinished(meters.finishedCount())
                .setFailed(lifecycle.failures())
                .setStalledMs(device.stalledMs())
                .setHoldings(lifecycle.held())
                .setGone(gone)
                .build();
    }

    @Override
    public String name() {
        return Addresses.name(stage.kind());
    }

    @Override
    public boolean ready() {
        return ready && drained == null && servesAModel();
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
    public Future<Void> drain(Duration deadline) {
        Promise<Void> left = Promise.promise();
        context.runOnContext(v -> drainOnLoop(deadline).onComplete(left));
        return left.future();
    }

    private Future<Void> drainOnLoop(Duration deadline) {
        if (drained != null || work == null) {
            return drained == null ? Future.succeededFuture() : drained.future();
        }
        drained = Promise.promise();
        publishStatus();
        completeDrain();
        if (drained.future().isComplete()) {
            return leave();
        }
        if (deadline.toMillis() < 1) {
            handBackAll();
        } else {
            vertx.setTimer(deadline.toMillis(), id -> handBackAll());
        }
        return drained.future().compose(v -> leave());
    }

    private void handBackAll() {
        inFlight.all()
                .forEach(held -> giveBack(held, stood -> {
                    stood.ifPresent(held::keep);
                    lifecycle.handBack(held);
                }));
        // A stalled device does not delay the drain: its samples continue elsewhere from their last checkpoints.
        vertx.setTimer(GIVE_BACK_WAIT_MS, late -> inFlight.all().forEach(lifecycle::handBack));
    }

    private Future<Void> leave() {
        gone = true;
        node.courier().publish(Addresses.STATUS, Parcel.of(status()));
        return Future.join(work.close(), cancels.close()).mapEmpty();
    }

    /** Transfers the device thread's messages to the event loop. */
    private final class DeviceListener implements DeviceThread.Listener {

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
        public void admitFailed(Work rejected, Throwable problem) {
            onLoop(() -> inFlight.find(rejected).ifPresent(held -> {
                lifecycle.fail(held, DeviceFailures.of(problem));
                device.drop(rejected.key());
            }));
        }

        @Override
        public void turned(int rows, long nanos) {
            meters.turn(rows, lifecycle.takeAdvanced(), nanos);
        }

        @Override
        public void turnFailed(Throwable problem) {
            log.error("A turn of the {} failed", name(), problem);
            onLoop(() -> {
                List<Held> running = inFlight.matching(held -> held.phase() == Held.Phase.RUNNING);
                List<Held> concerned =
                        running.isEmpty() ? inFlight.matching(held -> held.phase() == Held.Phase.WAITING) : running;
                concerned.forEach(held -> {
                    device.drop(held.work.key());
                    lifecycle.fail(held, DeviceFailures.of(problem));
                });
                device.resume();
            });
        }

        @Override
        public void closed() {
            onLoop(() -> closed.tryComplete());
        }
    }
}

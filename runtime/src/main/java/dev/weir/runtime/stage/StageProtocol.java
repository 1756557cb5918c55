package dev.weir.runtime.stage;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Holding;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.bus.Inbox;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stage's side of the job protocol: answers offers at acceptance, keeps the credits, gives the device its work,
 * cancels, moves and hands back samples, and publishes the stage's status. It has no thread: it runs on the event loop
 * that created it, in production and in simulations.
 */
public final class StageProtocol {

    private static final Logger log = LoggerFactory.getLogger(StageProtocol.class);
    private static final long STATUS_MS = 500;
    private static final long STATUS_SOON_MS = 50;
    private static final long DEADLINE_CHECK_MS = 250;
    private static final long GIVE_BACK_WAIT_MS = 2000;
    /** A node that stops does not wait longer for owners, which may be dead. */
    private static final long OWNERS_WAIT_MS = 5000;

    private final NodeContext node;
    private final Stage stage;
    private final Executor loop;
    private final String address;
    private final InFlightTable inFlight;
    private final StageMeters meters;
    private final SampleLifecycle lifecycle;
    private final Offers offers;
    private final Rebalancing rebalancing;
    private final StatedModels stated;
    private Device device;
    private Intake intake;
    private Inbox work;
    private Inbox cancels;
    private volatile Promise<Void> drained;
    private boolean gone;
    private boolean waitsForOwners;
    private boolean statusIsDue;
    private long statusSequence;
    private volatile NodeStatus published;
    /** Those of the last status, with the ones that did not fit. */
    private List<ModelStatus> models = List.of();

    public StageProtocol(NodeContext node, Stage stage) {
        this.node = node;
        this.stage = stage;
        this.loop = node.loop().here();
        this.address = Addresses.stage(stage.kind(), node.nodeId());
        this.inFlight = new InFlightTable(stage::capacity);
        this.meters = new StageMeters(node.metrics(), stage, node.unit());
        this.lifecycle = new SampleLifecycle(node, loop, stage, inFlight, meters, this::changed);
        this.offers = new Offers(stage, inFlight);
        this.stated = new StatedModels(stage.kind());
        this.rebalancing = new Rebalancing(stage, address, node.loop()::nanos);
    }

    /** Where the device puts the results of its work. */
    public Outbox outbox() {
        return lifecycle;
    }

    /** What becomes of the device's turns. */
    public Device.Listener turns() {
        return new Turns();
    }

    /** Completes when offers can arrive. The stage must be open. */
    public Future<Void> start(Device itsDevice) {
        device = itsDevice;
        intake = new Intake(loop, stage, inFlight, device, lifecycle);
        stage.loading().connect(device::execute);
        published = status();
        meters.watch(inFlight, () -> published);
        meters.computesOn(stage.target());
        return node.courier()
                .listen(address, this::receive)
                .onSuccess(inbox -> work = inbox)
                .compose(v -> node.courier().listen(Addresses.CANCEL, this::cancel))
                .onSuccess(inbox -> cancels = inbox)
                .map(v -> {
                    node.loop().every(STATUS_MS, this::publishStatus);
                    node.loop().every(DEADLINE_CHECK_MS, this::failLate);
                    node.loop().every(Intake.TELL_AGAIN_MS, intake::tellAgain);
                    node.loop().every(Rebalancing.LOOK_MS, this::rebalance);
                    publishStatus();
                    return null;
                });
    }

    /** The attempts that it holds, and those that have ended here and whose owners have not acknowledged it. */
    public List<Holding> held() {
        return lifecycle.held().getSamplesList();
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
        Offers.Decision decision =
                offers.decide(task, drained != null, node.loop().nowMs());
        if (decision.take()) {
            List<Held> older = inFlight.olderThan(task);
            lifecycle.displace(older, task);
            if (!older.isEmpty()) {
                forget(older.get(0).work.key());
            }
            Held held = inFlight.take(new Work(task, tensors), node.loop().nanos());
            lifecycle.accepted(held);
            intake.take(held);
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
        long now = node.loop().nowMs();
        for (Held late : inFlight.matching(held -> held.isLate(now))) {
            if (inFlight.holds(late)) {
                lifecycle.fail(
                        late,
                        new Failure(
                                "deadline_exceeded",
                                "the deadline passed at the %s".formatted(Addresses.name(stage.kind())),
                                false));
                forget(late.work.key());
            }
        }
    }

    private void rebalance() {
        if (drained == null) {
            for (Move move : rebalancing.look(node.directory().alive(), !inFlight.isEmpty())) {
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
        held.leaves();
        device.giveBack(
                held.work,
                stood -> loop.execute(() -> {
                    if (inFlight.holds(held)) {
                        then.accept(stood.map(Supplier::get));
                    }
                }));
    }

    private void changed() {
        completeDrain();
        if (!models.equals(stage.models())) {
            publishStatus(); // A model was found broken: owners should know before they look for another node.
        }
        if (inFlight.freeCredits() == 1 && !statusIsDue) {
            statusIsDue = true;
            node.loop().after(STATUS_SOON_MS, this::publishStatus);
        }
    }

    private void completeDrain() {
        if (drained != null && lifecycle.isClear()) {
            drained.tryComplete();
        } else if (drained != null && inFlight.isEmpty() && !waitsForOwners) {
            waitsForOwners = true;
            node.loop().after(OWNERS_WAIT_MS, drained::tryComplete);
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
        models = stage.models();
        NodeStatus.Builder status = NodeStatus.newBuilder();
        load.map(Load::pace).orElse(Map.of()).forEach((model, pace) -> status.putPace(model, pace.toProto()));
        return status.setMember(node.memory().member())
                .setNodeId(node.nodeId())
                .setAddress(address)
                .setStage(stage.kind())
                .addAllModels(stated.fitting(models))
                .setCapacity(inFlight.capacity())
                .setFreeCredits(drained == null ? inFlight.freeCredits() : 0)
                .setFullOfLoading(inFlight.isFullOfLoading())
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

    boolean isDraining() {
        return drained != null;
    }

    /** Accepts no more offers. Completes when all samples have ended here or were handed back at the deadline. */
    public Future<Void> drain(Duration deadline) {
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
            node.loop().after(deadline.toMillis(), this::handBackAll);
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
        node.loop().after(GIVE_BACK_WAIT_MS, () -> inFlight.all().forEach(lifecycle::handBack));
    }

    private Future<Void> leave() {
        gone = true;
        node.courier().publish(Addresses.STATUS, Parcel.of(status()));
        return Future.join(work.close(), cancels.close()).mapEmpty();
    }

    /** Transfers the device's messages to the event loop. */
    private final class Turns implements Device.Listener {

        /** The event loop may have ended before its device. */
        private void onLoop(Runnable action) {
            try {
                loop.execute(action);
            } catch (RejectedExecutionException ended) {
                log.debug("The node ended before its {}", Addresses.name(stage.kind()));
            }
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
            log.error("A turn of the {} failed", Addresses.name(stage.kind()), problem);
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
    }
}

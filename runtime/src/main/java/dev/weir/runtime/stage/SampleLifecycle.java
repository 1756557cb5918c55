package dev.weir.runtime.stage;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Accepted;
import dev.weir.proto.v1.Checkpointed;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Finished;
import dev.weir.proto.v1.Frame;
import dev.weir.proto.v1.HandedBack;
import dev.weir.proto.v1.Holdings;
import dev.weir.proto.v1.ModelLoading;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.proto.v1.Progress;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageRole;
import dev.weir.proto.v1.StageTiming;
import dev.weir.proto.v1.Started;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.ops.SampleLog;
import dev.weir.runtime.route.DispatchException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Processes the results of a node's samples: transfers the device thread's output to the event loop, informs owners,
 * and hands samples on. Results of samples that are no longer held are dropped.
 */
final class SampleLifecycle implements Outbox {

    private static final Logger log = LoggerFactory.getLogger(SampleLifecycle.class);
    private static final int FRAMES_UNDER_WAY = 64;

    private final NodeContext node;
    private final Executor loop;
    private final Stage stage;
    private final StageKind kind;
    private final InFlightTable inFlight;
    private final StageMeters meters;
    private final Reports reports;
    private final Runnable changed;
    private final AtomicInteger framesUnderWay = new AtomicInteger();
    private long failures;

    /** Samples that made progress by a forward pass since the last call. Files of results may be made on other threads. */
    private final AtomicInteger advanced = new AtomicInteger();

    /** The rows of this turn's forward pass, as far as they are known. Written by the device thread. */
    private volatile int rows;

    /**
     * @param changed called on the event loop when a sample is no longer held, or when its end has been acknowledged
     */
    SampleLifecycle(
            NodeContext node,
            Executor loop,
            Stage stage,
            InFlightTable inFlight,
            StageMeters meters,
            Runnable changed) {
        this.node = node;
        this.loop = loop;
        this.stage = stage;
        this.kind = stage.kind();
        this.inFlight = inFlight;
        this.meters = meters;
        this.reports = new Reports(node, kind, changed);
        this.changed = changed;
    }

    void accepted(Held held) {
        if (!held.work.isFrame()) {
            held.tracedBy(StageTrace.of(node.tracing(), held.work.task(), Addresses.name(kind), node.nodeId()));
            reports.tell(held, event(held).setAccepted(Accepted.getDefaultInstance()), List.of());
        }
    }

    /** It waits until its model is in memory. */
    void loading(Held held) {
        if (!held.work.isFrame()) {
            reports.tell(held, event(held).setLoading(ModelLoading.getDefaultInstance()), List.of());
        }
    }

    /** Hands a sample back because the node stops, with the newest checkpoint that is known here. */
    void handBack(Held held) {
        handBack(held, HandedBack.newBuilder().setReason("the node stops"));
    }

    /** Hands a sample back so that the node at the given address continues it. */
    void handTo(Held held, String address) {
        meters.moved();
        handBack(
                held,
                HandedBack.newBuilder().setReason("another node has less to do").setTo(address));
    }

    private void handBack(Held held, HandedBack.Builder handedBack) {
        if (!held.work.isFrame()) {
            held.snapshot().ifPresent(stood -> handedBack.setCheckpoint(stood.checkpoint()));
            reports.deliver(
                    held,
                    event(held).setHandedBack(handedBack),
                    held.snapshot().map(Snapshot::tensors).orElse(List.of()));
        }
        release(held);
    }

    void fail(Held held, Failure failure) {
        if (held.work.isFrame()) {
            meters.frameDropped();
            release(held);
            return;
        }
        failures++;
        held.trace().failed(failure);
        meters.failed(failure.code());
        SampleLog.about(held.work.task().getRef(), kind, held.work.task().getTraceparent(), () -> log.atLevel(
                        failure.isSuperseded() ? Level.INFO : Level.WARN)
                .log("A sample failed here: {}: {}", failure.code(), failure.message()));
        reports.deliver(held, event(held).setFailed(failure.toProto()), List.of());
        release(held);
    }

    /** Drops what is known of older attempts at a sample. Other owners are told that theirs are superseded. */
    void displace(List<Held> older, Task by) {
        Attempt newest = Attempt.of(by.getRef());
        SampleKey key = SampleKey.of(by.getRef());
        reports.withdraw(task -> SampleKey.of(task.getRef()).equals(key)
                && Attempt.of(task.getRef()).isBefore(newest));
        older.stream()
                .filter(held ->
                        !held.work.isFrame() && !held.work.task().getOwner().equals(by.getOwner()))
                .forEach(held -> fail(held, Failure.superseded("attempt " + newest + " is newer", newest)));
    }

    /** Stops the reports about attempts that were cancelled. */
    void withdraw(Cancellation cancelled) {
        reports.withdraw(cancelled::covers);
    }

    /** What the node has, and what has ended here without an acknowledgement of the owner. */
    Holdings held() {
        return reports.holdings(
                inFlight.matching(entry -> !entry.work.isFrame()).stream().map(entry -> entry.work.task()));
    }

    /** Only after the owner's message is on its way, so that the node knows what it still has to do. */
    void release(Held held) {
        inFlight.release(held);
        held.trace().ended();
        changed.run();
    }

    long failures() {
        return failures;
    }

    /** Samples that made progress since the last call. On the device thread, after a turn. */
    int takeAdvanced() {
        rows = 0;
        return advanced.getAndSet(0);
    }

    /** Whether nothing is held and every owner has acknowledged the ends of its samples. */
    boolean isClear() {
        return inFlight.isEmpty() && reports.underWay() == 0;
    }

    @Override
    public void started(Work work) {
        rows++;
        onLoop(work, held -> {
            if (held.phase() == Held.Phase.WAITING) {
                held.trace().started();
                meters.queued(held.start(node.loop().nanos()));
                if (!work.isFrame()) {
                    reports.tell(held, event(held).setStarted(Started.getDefaultInstance()), List.of());
                }
            }
        });
    }

    /** The owner knows that it has started, and hears of it again. */
    @Override
    public void goesOn(Work work) {
        onLoop(work, held -> {
            if (held.phase() == Held.Phase.RUNNING) {
                reports.tell(held, event(held).setStarted(Started.getDefaultInstance()), List.of());
            }
        });
    }

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {
        advanced.incrementAndGet();
        int shared = rows;
        onLoop(work, held -> {
            held.done(step);
            held.trace().stepped(step, shared);
            Progress progress = Progress.newBuilder()
                    .setStep(step)
                    .setTotal(total)
                    .setStepSeconds(stepSeconds)
                    .build();
            reports.tell(held, event(held).setProgress(progress), List.of());
        });
    }

    @Override
    public void lookedUp(int hits, int misses) {
        meters.lookedUp(hits, misses);
    }

    @Override
    public void forward(Forward forward) {
        rows = forward.rows();
        meters.forward(forward);
    }

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {
        frameOnLoop(work, held -> {
            Task task = work.task();
            int last = task.getRouteCount() - 1;
            if (task.getRoute(last).getRole() != StageRole.DECODE) {
                meters.frameDropped();
                return;
            }
            Task frame = task.toBuilder()
                    .clearResume()
                    .setPosition(last)
                    .setNextSeq(held.takeSeq())
                    .setFrame(PreviewFrame.newBuilder()
                            .setFrom(task.getPosition())
                            .setStep(step)
                            .setTotal(total))
                    .build();
            node.dispatcher().tryOnce(frame, List.of(latent)).onFailure(noRoom -> meters.frameDropped());
        });
    }

    @Override
    public void frameDropped() {
        meters.frameDropped();
    }

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {
        if (work.isFrame()) {
            finish(work, image);
        } else {
            frameOnLoop(work, held -> tellFrame(held, work.task().getPosition(), step, total, image));
        }
    }

    @Override
    public void checkpoint(Work work, Supplier<Snapshot> snapshot) {
        onLoop(work, held -> {
            Snapshot stands = snapshot.get().withEngines(work.engines(stage.target()));
            held.keep(stands);
            Checkpointed checkpointed =
                    Checkpointed.newBuilder().setCheckpoint(stands.checkpoint()).build();
            reports.tell(held, event(held).setCheckpointed(checkpointed), stands.tensors());
        });
    }

    @Override
    public void warn(Work work, Warning warning) {
        onLoop(work, held -> reports.deliver(held, event(held).setWarning(warning), List.of()));
    }

    @Override
    public void handOn(Work work, List<Tensor> made) {
        countSingleForward(work);
        int shared = rows;
        onLoop(work, held -> {
            held.trace().made(shared);
            Optional<Work> handed = work.next(made);
            if (handed.isEmpty()) {
                fail(held, new Failure("no_next_stage", kind + " is the last stage of the route", false));
                return;
            }
            Task next = handed.get().task().toBuilder()
                    .setNextSeq(held.nextSeq())
                    .addTimings(timing(held))
                    .clearEngines()
                    .addAllEngines(work.engines(stage.target()))
                    .build();
            held.handOn();
            node.dispatcher().dispatch(next, handed.get().tensors()).onComplete(answer -> {
                if (!inFlight.holds(held)) {
                    return;
                }
                if (answer.succeeded()) {
                    meters.finished();
                    release(held);
                } else {
                    fail(held, DispatchException.failureOf(answer.cause()));
                }
            });
        });
    }

    @Override
    public void finish(Work work, EncodedImage image) {
        countSingleForward(work);
        int shared = rows;
        onLoop(work, held -> {
            held.trace().made(shared);
            if (work.isFrame()) {
                PreviewFrame frame = work.task().getFrame();
                tellFrame(held, frame.getFrom(), frame.getStep(), frame.getTotal(), image);
                release(held);
                return;
            }
            meters.finished();
            Finished finished = Finished.newBuilder()
                    .setFormat(image.format())
                    .setWidth(image.width())
                    .setHeight(image.height())
                    .addAllTimings(work.task().getTimingsList())
                    .addTimings(timing(held))
                    .setFlagged(image.flagged())
                    .build();
            reports.deliver(held, event(held).setFinished(finished), image.tensors());
            release(held);
        });
    }

    @Override
    public void fail(Work work, Failure failure) {
        onLoop(work, held -> fail(held, failure));
    }

    private void tellFrame(Held held, int from, int step, int total, EncodedImage image) {
        Frame frame = Frame.newBuilder()
                .setStep(step)
                .setTotal(total)
                .setFormat(image.format())
                .setWidth(image.width())
                .setHeight(image.height())
                .setFrom(from)
                .build();
        reports.tell(held, event(held).setFrame(frame), image.tensors());
    }

    /** Only stages that diffuse report progress. */
    private void countSingleForward(Work work) {
        if (work.stage().getRole() != StageRole.DIFFUSE) {
            advanced.incrementAndGet();
        }
    }

    private void onLoop(Work work, Consumer<Held> action) {
        loop.execute(() -> inFlight.find(work).ifPresent(action));
    }

    private void frameOnLoop(Work work, Consumer<Held> action) {
        if (framesUnderWay.incrementAndGet() > FRAMES_UNDER_WAY) {
            framesUnderWay.decrementAndGet();
            meters.frameDropped();
            return;
        }
        loop.execute(() -> {
            framesUnderWay.decrementAndGet();
            inFlight.find(work).ifPresent(action);
        });
    }

    private Event.Builder event(Held held) {
        return held.event(kind, node.nodeId());
    }

    private StageTiming timing(Held held) {
        return held.timing(
                node.nodeId(),
                stage.target().engineAndInstructionSet(),
                node.loop().nanos());
    }
}

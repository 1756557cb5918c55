package dev.weir.runtime.stage;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Accepted;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Failed;
import dev.weir.proto.v1.Finished;
import dev.weir.proto.v1.Frame;
import dev.weir.proto.v1.HandedBack;
import dev.weir.proto.v1.PreviewFrame;
import dev.weir.proto.v1.Progress;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Started;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.NodeContext;
import dev.weir.runtime.route.DispatchException;
import io.vertx.core.Context;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of the samples that a node holds: takes what the device thread puts out over to the event loop, tells
 * owners, and hands on. A sample that is no longer held is past caring: what comes of it is let go.
 */
final class SampleDesk implements Outbox {

    private static final Logger log = LoggerFactory.getLogger(SampleDesk.class);
    private static final int FRAMES_UNDER_WAY = 64;
    private static final int TELLS = 3;
    private static final long TELL_AGAIN_MS = 500;

    private final NodeContext node;
    private final Context context;
    private final StageKind stage;
    private final Holdings holdings;
    private final StageMeters meters;
    private final Runnable released;
    private final AtomicInteger framesUnderWay = new AtomicInteger();
    private long failures;

    /** @param released called on the event loop whenever a sample is no longer held */
    SampleDesk(
            NodeContext node, Context context, Stage stage, Holdings holdings, StageMeters meters, Runnable released) {
        this.node = node;
        this.context = context;
        this.stage = stage.kind();
        this.holdings = holdings;
        this.meters = meters;
        this.released = released;
    }

    void accepted(Held held) {
        if (!held.work.isFrame()) {
            tell(held, event(held).setAccepted(Accepted.getDefaultInstance()), List.of(), 1);
        }
    }

    void handBack(Held held, String reason) {
        release(held);
        if (!held.work.isFrame()) {
            tell(held, event(held).setHandedBack(HandedBack.newBuilder().setReason(reason)), List.of(), TELLS);
        }
    }

    void fail(Held held, Failure failure) {
        release(held);
        if (held.work.isFrame()) {
            meters.frameDropped();
            return;
        }
        failures++;
        meters.failed(failure.code());
        log.warn("{} failed: {}: {}", held.work.key(), failure.code(), failure.message());
        Failed failed = Failed.newBuilder()
                .setCode(failure.code())
                .setMessage(failure.message())
                .setRetryable(failure.retryable())
                .build();
        tell(held, event(held).setFailed(failed), List.of(), TELLS);
    }

    void release(Held held) {
        holdings.release(held);
        released.run();
    }

    long failures() {
        return failures;
    }

    @Override
    public void started(Work work) {
        onLoop(work, held -> {
            if (held.phase() == Held.Phase.WAITING) {
                meters.queued(held.start(System.nanoTime()));
                if (!work.isFrame()) {
                    tell(held, event(held).setStarted(Started.getDefaultInstance()), List.of(), 1);
                }
            }
        });
    }

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {
        onLoop(work, held -> {
            held.done(step);
            Progress progress = Progress.newBuilder()
                    .setStep(step)
                    .setTotal(total)
                    .setStepSeconds(stepSeconds)
                    .build();
            tell(held, event(held).setProgress(progress), List.of(), 1);
        });
    }

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {
        frameOnLoop(work, held -> {
            Task task = work.task();
            int decoder = task.getRouteList().lastIndexOf(StageKind.DECODER);
            if (decoder < 0) {
                meters.frameDropped();
                return;
            }
            Task frame = task.toBuilder()
                    .setPosition(decoder)
                    .setNextSeq(held.takeSeq())
                    .setFrame(PreviewFrame.newBuilder()
                            .setFrom(stage)
                            .setStep(step)
                            .setTotal(total))
                    .build();
            node.dispatcher().tryOnce(frame, List.of(latent)).onFailure(noRoom -> meters.frameDropped());
        });
    }

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {
        if (work.isFrame()) {
            finish(work, image);
        } else {
            frameOnLoop(work, held -> tellFrame(held, stage, step, total, image));
        }
    }

    @Override
    public void handOn(Work work, List<Tensor> tensors) {
        onLoop(work, held -> {
            Task task = work.task();
            if (task.getPosition() + 1 >= task.getRouteCount()) {
                fail(held, new Failure("no_next_stage", stage + " is the last stage of the route", false));
                return;
            }
            Task next = task.toBuilder()
                    .setPosition(task.getPosition() + 1)
                    .setNextSeq(held.nextSeq())
                    .addTimings(held.timing(stage, node.nodeId(), System.nanoTime()))
                    .build();
            held.handOn();
            node.dispatcher().dispatch(next, tensors).onComplete(answer -> {
                if (!holdings.holds(held)) {
                    return;
                }
                if (answer.succeeded()) {
                    meters.finished();
                    release(held);
                } else {
                    fail(held, failureOf(answer.cause()));
                }
            });
        });
    }

    @Override
    public void finish(Work work, EncodedImage image) {
        onLoop(work, held -> {
            release(held);
            if (work.isFrame()) {
                PreviewFrame frame = work.task().getFrame();
                tellFrame(held, frame.getFrom(), frame.getStep(), frame.getTotal(), image);
                return;
            }
            meters.finished();
            Finished finished = Finished.newBuilder()
                    .setFormat(image.format())
                    .setWidth(image.width())
                    .setHeight(image.height())
                    .addAllTimings(work.task().getTimingsList())
                    .addTimings(held.timing(stage, node.nodeId(), System.nanoTime()))
                    .build();
            tell(held, event(held).setFinished(finished), tensors(image), TELLS);
        });
    }

    @Override
    public void fail(Work work, Failure failure) {
        onLoop(work, held -> fail(held, failure));
    }

    private void tellFrame(Held held, StageKind from, int step, int total, EncodedImage image) {
        Frame frame = Frame.newBuilder()
                .setStep(step)
                .setTotal(total)
                .setFormat(image.format())
                .setWidth(image.width())
                .setHeight(image.height())
                .setFrom(from)
                .build();
        tell(held, event(held).setFrame(frame), tensors(image), 1);
    }

    private void onLoop(Work work, Consumer<Held> action) {
        context.runOnContext(v -> holdings.find(work).ifPresent(action));
    }

    private void frameOnLoop(Work work, Consumer<Held> action) {
        if (framesUnderWay.incrementAndGet() > FRAMES_UNDER_WAY) {
            framesUnderWay.decrementAndGet();
            meters.frameDropped();
            return;
        }
        context.runOnContext(v -> {
            framesUnderWay.decrementAndGet();
            holdings.find(work).ifPresent(action);
        });
    }

    private Event.Builder event(Held held) {
        return held.event(stage, node.nodeId());
    }

    private void tell(Held held, Event.Builder event, List<Tensor> tensors, int tells) {
        tell(held.work.task().getOwner(), Parcel.of(event.build(), tensors), tells);
    }

    private void tell(String owner, Parcel parcel, int tells) {
        node.courier().tell(owner, parcel).onFailure(problem -> {
            if (tells > 1) {
                node.vertx().setTimer(TELL_AGAIN_MS, id -> tell(owner, parcel, tells - 1));
            } else {
                log.debug("An event did not reach {}: {}", owner, problem.getMessage());
            }
        });
    }

    private static List<Tensor> tensors(EncodedImage image) {
        return List.of(Tensor.ofBytes("image", image.bytes()));
    }

    private static Failure failureOf(Throwable problem) {
        return problem instanceof DispatchException refused
                ? refused.failure()
                : new Failure("dispatch_failed", String.valueOf(problem.getMessage()), true);
    }
}

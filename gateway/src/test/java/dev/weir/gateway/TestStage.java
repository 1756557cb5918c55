package dev.weir.gateway;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Accepted;
import dev.weir.proto.v1.Checkpointed;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Failed;
import dev.weir.proto.v1.Finished;
import dev.weir.proto.v1.Frame;
import dev.weir.proto.v1.HandedBack;
import dev.weir.proto.v1.OfferReply;
import dev.weir.proto.v1.OfferReply.Verdict;
import dev.weir.proto.v1.Progress;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.StageTiming;
import dev.weir.proto.v1.Started;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.bus.Courier;
import dev.weir.runtime.bus.Delivery;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * A node at the start of the route that takes offers off the bus and tells the owner what a whole cluster would; what it
 * does with a task is the test's to say.
 */
final class TestStage {

    static final String NODE = "node-a";
    static final byte[] IMAGE = "the picture".getBytes(StandardCharsets.UTF_8);

    private final Courier courier;
    private final List<Sitting> sittings = new CopyOnWriteArrayList<>();
    private volatile Consumer<Sitting> script = Sitting::paint;

    TestStage(Courier courier) {
        this.courier = courier;
    }

    void script(Consumer<Sitting> newScript) {
        script = newScript;
    }

    List<Sitting> sittings() {
        return sittings;
    }

    void offered(Delivery delivery) {
        delivery.reply()
                .accept(OfferReply.newBuilder().setVerdict(Verdict.ACCEPTED).build());
        Task task = delivery.parcel().header().getOffer().getTask();
        Sitting sitting = new Sitting(courier, task, delivery.parcel().tensors());
        sittings.add(sitting);
        sitting.tell(
                TestCards.kind(task.getRoute(task.getPosition())), e -> e.setAccepted(Accepted.getDefaultInstance()));
        script.accept(sitting);
    }

    /** One attempt at one picture. */
    static final class Sitting {

        final Task task;
        final List<Tensor> tensors;
        private final Courier courier;
        private String node = NODE;
        private long seq;

        Sitting(Courier courier, Task task, List<Tensor> tensors) {
            this.courier = courier;
            this.task = task;
            this.tensors = tensors;
        }

        /** The node in whose name it speaks from now on. */
        void isAt(String newNode) {
            node = newNode;
        }

        /** Everything, up to the picture. */
        void paint() {
            start();
            int steps = task.getRoute(position(StageKind.DENOISER)).getForwards();
            for (int step = 1; step <= steps; step++) {
                step(step);
            }
            finish();
        }

        void start() {
            tell(StageKind.DENOISER, e -> e.setStarted(Started.getDefaultInstance()));
        }

        /** A step, and a frame where one is wanted. */
        void step(int step) {
            int steps = task.getGeneration().getSteps();
            tell(
                    StageKind.DENOISER,
                    e -> e.setProgress(
                            Progress.newBuilder().setStep(step).setTotal(steps).setStepSeconds(0.01)));
            int every = task.getPreview().getEverySteps();
            int count = task.getPreview().getCount();
            if ((every > 0 && step % every == 0) || (count > 0 && step % Math.max(1, steps / (count + 1)) == 0)) {
                frame(step, ("frame " + step).getBytes(StandardCharsets.UTF_8));
            }
        }

        void frame(int step, byte[] bytes) {
            tell(
                    StageKind.DECODER,
                    e -> e.setFrame(Frame.newBuilder()
                            .setStep(step)
                            .setTotal(task.getGeneration().getSteps())
                            .setFormat("jpeg")
                            .setWidth(task.getGeneration().getWidth())
                            .setHeight(task.getGeneration().getHeight())
                            .setFrom(position(StageKind.DENOISER))),
                    Tensor.ofBytes("image", bytes));
        }

        /** Something that the user should know of a field. */
        void warn(String param) {
            tell(
                    StageKind.TEXT_ENCODER,
                    e -> e.setWarning(Warning.newBuilder()
                            .setCode("prompt_truncated")
                            .setMessage("too long: " + param)
                            .setParam(param)));
        }

        void finish() {
            finish(IMAGE);
        }

        void finish(byte[] image) {
            finish(image, false);
        }

        /** With a picture that a safety checker flags. */
        void finishFlagged() {
            finish(IMAGE, true);
        }

        private void finish(byte[] image, boolean flagged) {
            tell(
                    StageKind.DECODER,
                    e -> e.setFinished(Finished.newBuilder()
                            .setFormat(task.getGeneration().getOutputFormat())
                            .setWidth(task.getGeneration().getWidth())
                            .setHeight(task.getGeneration().getHeight())
                            .setFlagged(flagged)
                            .addTimings(StageTiming.newBuilder()
                                    .setStage("denoiser")
                                    .setNode(NODE)
                                    .setSeconds(0.5))),
                    Tensor.ofBytes("image", image));
        }

        void fail(String code, boolean retryable) {
            tell(
                    StageKind.DENOISER,
                    e -> e.setFailed(Failed.newBuilder()
                            .setCode(code)
                            .setMessage("it " + code)
                            .setRetryable(retryable)));
        }

        /** The next stage knows this attempt at it. */
        void supersede(int newestAttempt) {
            supersede(0, newestAttempt);
        }

        void supersede(long newestEpoch, int newestAttempt) {
            tell(
                    StageKind.DENOISER,
                    e -> e.setFailed(Failed.newBuilder()
                            .setCode(Failure.SUPERSEDED)
                            .setNewestEpoch(newestEpoch)
                            .setNewestAttempt(newestAttempt)));
        }

        void checkpoint(Snapshot snapshot) {
            tell(
                    StageKind.DENOISER,
                    e -> e.setCheckpointed(Checkpointed.newBuilder().setCheckpoint(snapshot.checkpoint())),
                    snapshot.tensors().toArray(Tensor[]::new));
        }

        void handBack() {
            tell(
                    StageKind.DENOISER,
                    e -> e.setHandedBack(HandedBack.newBuilder().setReason("draining")));
        }

        void handBack(Snapshot snapshot) {
            handTo("", snapshot);
        }

        /** For another node to go on with it. */
        void handTo(String address, Snapshot snapshot) {
            tell(
                    StageKind.DENOISER,
                    e -> e.setHandedBack(HandedBack.newBuilder().setTo(address).setCheckpoint(snapshot.checkpoint())),
                    snapshot.tensors().toArray(Tensor[]::new));
        }

        private int position(StageKind stage) {
            return task.getRouteList().stream().map(TestCards::kind).toList().indexOf(stage);
        }

        void tell(StageKind stage, Consumer<Event.Builder> what, Tensor... tensors) {
            Event.Builder event = Event.newBuilder()
                    .setRef(task.getRef())
                    .setSeq(seq++)
                    .setStage(stage)
                    .setPosition(position(stage))
                    .setNode(node);
            what.accept(event);
            courier.tell(task.getOwner(), Parcel.of(event.build(), List.of(tensors)));
        }
    }
}

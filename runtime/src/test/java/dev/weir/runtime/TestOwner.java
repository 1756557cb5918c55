package dev.weir.runtime;

import static dev.weir.runtime.Futures.failure;
import static org.awaitility.Awaitility.await;

import dev.weir.proto.Parcel;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Cancel;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.DType;
import dev.weir.proto.v1.Event;
import dev.weir.proto.v1.Event.WhatCase;
import dev.weir.proto.v1.Generation;
import dev.weir.proto.v1.NodeStatus;
import dev.weir.proto.v1.SampleRef;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.route.DispatchException;
import dev.weir.runtime.stage.Failure;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** Owns jobs as a gateway does, and remembers what it is told. */
public final class TestOwner {

    private final NodeContext node;
    private final String address;
    private final List<Parcel> heard = new CopyOnWriteArrayList<>();

    private TestOwner(NodeContext node) {
        this.node = node;
        this.address = Addresses.gateway(node.nodeId());
    }

    public static Future<TestOwner> on(NodeContext node) {
        TestOwner owner = new TestOwner(node);
        return node.courier()
                .listen(owner.address, delivery -> owner.heard.add(delivery.parcel()))
                .map(owner);
    }

    /** A task over these stages, of 3 steps in the denoiser. */
    public Task.Builder task(String jobId, StageKind... route) {
        return Task.newBuilder()
                .setRef(SampleRef.newBuilder().setJobId(jobId).setAttempt(1))
                .setOwner(address)
                .setModel(TestStage.MODEL)
                .setDeadlineMs(System.currentTimeMillis() + 60_000)
                .setGeneration(Generation.newBuilder().setPrompt("a red apple").setSteps(3))
                .addAllRoute(Stream.of(route).map(kind -> Stages.of(kind, 3)).toList());
    }

    public Future<NodeStatus> dispatch(Task task, float... x) {
        return node.dispatcher().dispatch(task, List.of(Tensor.ofFloats("x", x, x.length)));
    }

    /** Why no node took a task. */
    public Failure dispatchFailure(Task task) throws Exception {
        return ((DispatchException) failure(dispatch(task, 1))).failure();
    }

    /** A new attempt at a task, from where an earlier one stood. */
    public Future<NodeStatus> resume(Task task, Checkpoint at, List<Tensor> tensors) {
        Task.Builder next = task.toBuilder().setResume(at);
        next.getRefBuilder().setAttempt(task.getRef().getAttempt() + 1);
        return node.dispatcher().dispatch(next.build(), tensors);
    }

    public void cancel(String jobId) {
        node.courier()
                .publish(
                        Addresses.CANCEL,
                        Parcel.of(Cancel.newBuilder().setJobId(jobId).build()));
    }

    public void cancel(SampleRef sample) {
        node.courier()
                .publish(
                        Addresses.CANCEL,
                        Parcel.of(Cancel.newBuilder().setSample(sample).build()));
    }

    public List<Parcel> heard(String jobId, WhatCase what) {
        return of(jobId)
                .filter(p -> p.header().getEvent().getWhatCase() == what)
                .toList();
    }

    /** The first such event of a job. */
    public Event awaitEvent(String jobId, WhatCase what) {
        await().until(() -> !heard(jobId, what).isEmpty());
        return heard(jobId, what).get(0).header().getEvent();
    }

    /** The values that a finished job's picture is made of. */
    public float[] picture(String jobId) {
        ByteBuffer bytes = heard(jobId, WhatCase.FINISHED)
                .get(0)
                .tensor("image")
                .orElseThrow()
                .bytes();
        return new Tensor("x", DType.FLOAT32, new long[] {bytes.remaining() / 4}, bytes).toFloats();
    }

    public List<Event> events(String jobId) {
        return of(jobId).map(p -> p.header().getEvent()).toList();
    }

    private Stream<Parcel> of(String jobId) {
        return heard.stream()
                .filter(p -> p.header().getEvent().getRef().getJobId().equals(jobId));
    }
}

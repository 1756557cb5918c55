package dev.weir.bench;

import dev.weir.proto.Parcel;
import dev.weir.proto.ParcelFormat;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpointed;
import dev.weir.proto.v1.Event;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Receives checkpoints like a stage node and its owner: its own thread encodes each message and decodes it. */
final class CheckpointSink implements Outbox, AutoCloseable {

    private static final long END_SECONDS = 30;

    private final ExecutorService loop = Executors.newSingleThreadExecutor();
    private int count;
    private long nanos;

    /** Resets the counters. */
    void begin() throws InterruptedException {
        inLoop(() -> {
            count = 0;
            nanos = 0;
        });
    }

    int awaitCount() throws InterruptedException {
        inLoop(() -> {});
        return count;
    }

    double handlingSeconds() {
        return nanos / 1e9;
    }

    private void inLoop(Runnable task) throws InterruptedException {
        try {
            loop.submit(task).get(END_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void checkpoint(Work work, Supplier<Snapshot> snapshot) {
        loop.execute(() -> {
            long begin = System.nanoTime();
            Snapshot stands = snapshot.get();
            Event event = Event.newBuilder()
                    .setRef(work.task().getRef())
                    .setCheckpointed(Checkpointed.newBuilder().setCheckpoint(stands.checkpoint()))
                    .build();
            ParcelFormat.decode(ParcelFormat.encode(Parcel.of(event, stands.tensors())));
            nanos += System.nanoTime() - begin;
            count++;
        });
    }

    @Override
    public void started(Work work) {}

    @Override
    public void progress(Work work, int step, int total, double stepSeconds) {}

    @Override
    public void previewLatent(Work work, int step, int total, Tensor latent) {}

    @Override
    public void frame(Work work, int step, int total, EncodedImage image) {}

    @Override
    public void handOn(Work work, List<Tensor> tensors) {}

    @Override
    public void finish(Work work, EncodedImage image) {
        throw new IllegalStateException("the denoiser finishes no picture");
    }

    @Override
    public void fail(Work work, Failure failure) {
        throw new IllegalStateException(work.key() + " failed: " + failure.message());
    }

    @Override
    public void close() {
        loop.shutdownNow();
    }
}

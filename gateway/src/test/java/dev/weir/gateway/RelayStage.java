package dev.weir.gateway;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A stage for the runtime's stage node that passes on what it gets; a denoiser counts steps, a decoder makes the picture. */
final class RelayStage implements Stage {

    private final StageKind kind;
    private final CountDownLatch gate;
    private final List<Work> held = new ArrayList<>();

    /** @param gate the device does nothing before it opens */
    RelayStage(StageKind kind, CountDownLatch gate) {
        this.kind = kind;
        this.gate = gate;
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {}

    @Override
    public List<ModelStatus> models() {
        return TestGateway.status(kind).getModelsList();
    }

    @Override
    public Target target() {
        return new Target("test", "fp32", "", "", "");
    }

    @Override
    public int capacity() {
        return 4;
    }

    @Override
    public Optional<String> refuse(Task task) {
        return Optional.empty();
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        held.add(work);
        outbox.started(work);
    }

    @Override
    public void drop(SampleKey key) {
        held.removeIf(work -> work.key().equals(key));
    }

    @Override
    public int turn(Outbox outbox) {
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (held.isEmpty()) {
            return 0;
        }
        pass(held.remove(0), outbox);
        return 1;
    }

    private void pass(Work work, Outbox outbox) {
        if (kind == StageKind.DECODER) {
            outbox.finish(work, new EncodedImage("png", 64, 64, TestStage.IMAGE));
            return;
        }
        if (kind == StageKind.DENOISER) {
            int steps = work.task().getGeneration().getSteps();
            for (int step = 1; step <= steps; step++) {
                outbox.progress(work, step, steps, 0.01);
                outbox.frame(work, step, steps, new EncodedImage("png", 64, 64, new byte[] {(byte) step}));
            }
        }
        outbox.handOn(work, List.of(Tensor.ofFloats("latent", new float[] {1, 2}, 2)));
    }

    @Override
    public void close() {}
}

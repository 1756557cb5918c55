package dev.weir.bench.scale;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A stage that computes nothing: each forward takes a fixed time, whatever its rows, in which the device thread sleeps. It takes
 * batches as the real ones do, samples join and leave at every step, and what it hands on has the size of the real thing. So two
 * cores host many.
 */
final class FixedTimeStage implements Stage {

    /**
     * @param step time of one forward
     * @param rows of one forward
     * @param capacity samples held at once
     */
    record Pace(Duration step, int rows, int capacity) {}

    private static final int TOKENS = 20;
    private static final int WIDTH = 256;
    private static final Tensor CONTEXT = Tensor.ofFloats("context", new float[TOKENS * WIDTH], TOKENS, WIDTH);
    private static final Tensor LATENT = Tensor.ofFloats("latent", new float[4 * 16 * 16], 4, 16, 16);
    private static final int PICTURE_BYTES = 20_000;

    private final StageKind kind;
    private final List<ModelStatus> models;
    private final Pace pace;
    private final List<Run> held = new ArrayList<>();

    FixedTimeStage(StageKind kind, List<ModelStatus> models, Pace pace) {
        this.kind = kind;
        this.models = models;
        this.pace = pace;
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {}

    @Override
    public List<ModelStatus> models() {
        return models;
    }

    @Override
    public String target() {
        return "none fixed-time";
    }

    @Override
    public int capacity() {
        return pace.capacity();
    }

    @Override
    public int forwards(Task task) {
        return kind == StageKind.DENOISER ? task.getGeneration().getSteps() : 1;
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        held.add(new Run(work, forwards(work.task())));
    }

    @Override
    public void drop(SampleKey key) {
        held.removeIf(run -> run.work.key().equals(key));
    }

    @Override
    public int turn(Outbox outbox) {
        List<Run> batch = List.copyOf(held.subList(0, Math.min(held.size(), pace.rows())));
        if (batch.isEmpty()) {
            return 0;
        }
        batch.stream().filter(run -> run.step == 0).forEach(run -> outbox.started(run.work));
        LockSupport.parkNanos(pace.step().toNanos());
        batch.forEach(run -> advance(run, outbox));
        held.removeIf(Run::isDone);
        return batch.size();
    }

    private void advance(Run run, Outbox outbox) {
        run.step++;
        if (run.steps > 1) {
            outbox.progress(run.work, run.step, run.steps, pace.step().toNanos() / 1e9);
        }
        if (run.isDone()) {
            switch (kind) {
                case DECODER -> outbox.finish(run.work, new EncodedImage("png", 128, 128, new byte[PICTURE_BYTES]));
                case TEXT_ENCODER -> outbox.handOn(run.work, List.of(CONTEXT));
                default -> outbox.handOn(run.work, List.of(LATENT));
            }
        }
    }

    @Override
    public void close() {}

    private static final class Run {
        final Work work;
        final int steps;
        int step;

        Run(Work work, int steps) {
            this.work = work;
            this.steps = steps;
        }

        boolean isDone() {
            return step == steps;
        }
    }
}

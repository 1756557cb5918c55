package dev.weir.serving;

import dev.weir.engine.LatentShape;
import dev.weir.engine.diffusion.Row;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.plan.BatchKey;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A sample in the step loop: its task, its row, and its reports after each step. Owned by the device thread. */
record HeldSample(Work work, DiffusionPart part, BatchKey group, Row row, Pace pace, PreviewSteps previews) {

    HeldSample(Work work, DiffusionPart part, BatchKey group, Row row, Pace pace) {
        this(work, part, group, row, pace, new PreviewSteps(work.task().getPreview(), row.steps()));
    }

    /** Of its sample. One of vectors may be several in one. */
    LatentShape shape() {
        return part.network().isOfVectors() ? new LatentShape(row.state().sample().length, 1, 1) : group.sample();
    }

    /**
     * Network rows of the next step. A ControlNet is about half of its network, so two of its rows take as long as one. Rows with
     * T2I-Adapters and IP-Adapters take about as long as others ({@code bench control}).
     */
    int cost() {
        return row.cost() + (row.steeredRows() + 1) / 2;
    }

    int stepsLeft() {
        return row.steps() - row.state().step();
    }

    /** Whether no step has been done here yet. */
    boolean isNew() {
        return row.state().step() == work.resume().map(Checkpoint::getStep).orElse(0);
    }

    /** Whether its owner allows it to move to another node for rebalancing. */
    boolean mayMove() {
        return !work.task().getStays();
    }

    /** Its state, if it has progressed since its arrival. */
    Optional<Supplier<Snapshot>> snapshot() {
        return isNew() ? Optional.empty() : Optional.of(RowCheckpoints.of(work, shape(), row));
    }

    /**
     * Reports the result of a step.
     *
     * @param predictedOriginal x0 of the step
     */
    void report(float[] predictedOriginal, double stepSeconds, long nowNanos, FramePainter painter, Outbox outbox) {
        int step = row.state().step();
        int total = row.steps();
        outbox.progress(work, step, total, stepSeconds);
        if (!part.stage().isPrior() && previews.isDue(step, nowNanos)) {
            preview(predictedOriginal, step, total, painter, outbox);
        }
        if (row.isDone()) {
            painter.forget(work.key());
            Tensor latent = Latents.toTensor(
                    shape(), part.network().finished(row.state().sample()));
            outbox.checkpoint(work, RowCheckpoints.atNextStage(work, latent));
            outbox.handOn(work, List.of(latent));
        } else if (pace.isDue(nowNanos)) {
            outbox.checkpoint(work, RowCheckpoints.of(work, shape(), row));
        }
    }

    private void preview(float[] predictedOriginal, int step, int total, FramePainter painter, Outbox outbox) {
        if (part.paintsFrames(work.task().getPreview().getGrade())) {
            painter.offer(new FramePainter.Frame(this, part.preview().get(), predictedOriginal, step), outbox);
        } else {
            outbox.previewLatent(work, step, total, Latents.toTensor(shape(), predictedOriginal));
        }
    }
}

package dev.weir.bench.scale;

import dev.weir.engine.LatentShape;
import dev.weir.engine.Signature;
import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.runtime.stage.Load;
import dev.weir.runtime.stage.Move;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Peer;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import dev.weir.serving.Latents;
import dev.weir.serving.plan.BatchKey;
import dev.weir.serving.plan.PlanRow;
import dev.weir.serving.plan.PlanState;
import dev.weir.serving.plan.PlanState.Queue;
import dev.weir.serving.plan.PriorityClass;
import dev.weir.serving.plan.RebalancePlanner;
import dev.weir.serving.plan.Shares;
import dev.weir.serving.plan.StepCurve;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * A stage that computes nothing: each forward pass takes a fixed time, whatever its rows, in which the device thread
 * sleeps. It batches like the real stages, samples join and leave at every step, it rebalances, and its results have
 * real sizes. So two cores can host many.
 */
final class FixedTimeStage implements Stage {

    /**
     * @param step time of one forward pass
     * @param rows of one forward pass
     * @param capacity samples held at once
     */
    record Pace(Duration step, int rows, int capacity) {}

    private static final int TOKENS = 20;
    private static final int WIDTH = 256;
    private static final Tensor CONTEXT =
            Tensor.ofFloats("cond/encoder_hidden_states", new float[TOKENS * WIDTH], TOKENS, WIDTH);
    private static final LatentShape LATENT_SHAPE = new LatentShape(4, 16, 16);
    private static final Tensor LATENT = Latents.toTensor(LATENT_SHAPE, new float[LATENT_SHAPE.size()]);
    private static final int PICTURE_BYTES = 20_000;

    private final StageKind kind;
    private final List<ModelStatus> models;
    private final Pace pace;
    private final StepCurve curve;
    private final List<Run> held = new ArrayList<>();
    private long arrivals;
    private volatile PlanState<Run> state = new PlanState<>(List.of(), Shares.start(Map.of()), 0);

    FixedTimeStage(StageKind kind, List<ModelStatus> models, Pace pace) {
        this.kind = kind;
        this.models = models;
        this.pace = pace;
        double seconds = pace.step().toNanos() / 1e9;
        this.curve = StepCurve.unknown(pace.rows()).after(1, seconds).after(pace.rows(), seconds);
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
    public Target target() {
        return new Target("none", "fixed-time", "", "", "");
    }

    @Override
    public int capacity() {
        return pace.capacity();
    }

    @Override
    public Optional<Load> load() {
        PlanState<Run> now = state;
        return Optional.of(new Load(
                now.backlogSeconds(),
                now.roundSeconds(),
                now.cost(),
                rowSeconds(),
                Map.of(models.get(0).getId(), curve.pace())));
    }

    @Override
    public List<Move> moves(List<Peer> peers) {
        return RebalancePlanner.plan(
                        state, rowSeconds(), peers, run -> !run.work.task().getStays(), RandomGenerator.getDefault())
                .stream()
                .map(moved -> new Move(moved.key().work.key(), moved.to()))
                .toList();
    }

    private Map<String, Double> rowSeconds() {
        return Map.of(models.get(0).getId(), curve.secondsPerRow());
    }

    /** The held samples, as the product's rebalancing sees them. */
    private void tellLoad() {
        List<PlanRow<Run>> rows = new ArrayList<>();
        for (Run run : held) {
            boolean runs = rows.size() < pace.rows();
            rows.add(new PlanRow<>(
                    run, 1, PriorityClass.STANDARD, "", 0, run.arrival, run.steps - run.step, runs, runs));
        }
        List<Queue<Run>> queues = rows.isEmpty() ? List.of() : List.of(new Queue<>(group(), curve, List.copyOf(rows)));
        state = new PlanState<>(queues, Shares.start(Map.of()), 0);
    }

    private BatchKey group() {
        return new BatchKey(models.get(0).getId(), LATENT_SHAPE, Signature.NONE);
    }

    @Override
    public Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return held.stream()
                .filter(run -> run.work.key().equals(key) && run.step > 0)
                .findFirst()
                .map(Run::snapshot);
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        held.add(new Run(work, work.stage().getForwards(), arrivals++));
        tellLoad();
    }

    @Override
    public void drop(SampleKey key) {
        held.removeIf(run -> run.work.key().equals(key));
        tellLoad();
    }

    @Override
    public int turn(Outbox outbox) {
        List<Run> batch = List.copyOf(held.subList(0, Math.min(held.size(), pace.rows())));
        if (batch.isEmpty()) {
            return 0;
        }
        batch.stream().filter(Run::isNew).forEach(run -> outbox.started(run.work));
        LockSupport.parkNanos(pace.step().toNanos());
        batch.forEach(run -> advance(run, outbox));
        held.removeIf(Run::isDone);
        tellLoad();
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
        final long arrival;
        int step;

        Run(Work work, int steps, long arrival) {
            this.work = work;
            this.steps = steps;
            this.arrival = arrival;
            this.step = work.resume().map(Checkpoint::getStep).orElse(0);
        }

        Supplier<Snapshot> snapshot() {
            Checkpoint at = Checkpoint.newBuilder()
                    .setPosition(work.task().getPosition())
                    .setStep(step)
                    .build();
            return () -> new Snapshot(at, List.of(LATENT));
        }

        boolean isNew() {
            return step == work.resume().map(Checkpoint::getStep).orElse(0);
        }

        boolean isDone() {
            return step == steps;
        }
    }
}

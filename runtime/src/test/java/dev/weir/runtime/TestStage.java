package dev.weir.runtime;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.proto.v1.Warning;
import dev.weir.runtime.bus.Addresses;
import dev.weir.runtime.stage.Failure;
import dev.weir.runtime.stage.Loading;
import dev.weir.runtime.stage.Move;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Peer;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A small stage that works: adds 1 to every value of the tensor "x" in each step, all rows that wait in one forward. The
 * decoder writes the values as its picture. A test may hold its device by the gate, or have it throw.
 */
public final class TestStage implements Stage {

    public static final String MODEL = "tiny";
    public static final String SAMPLE = Snapshot.PREFIX + "sample";

    private final StageKind kind;
    private final int capacity;
    private final Semaphore gate;
    private final List<Row> rows = new ArrayList<>();
    public volatile RuntimeException openProblem;
    public volatile Error turnProblem;
    /** With what it prepares work, once it is told. */
    public volatile Error prepareProblem;

    /** How work is prepared, with the admission of work as it came. */
    public volatile BiFunction<Work, Admission, CompletionStage<Admission>> preparing =
            (work, admission) -> CompletableFuture.completedStage(admission);

    public volatile boolean makesCheckpoints;
    /** With its model, once it is told. */
    public volatile String problem = "";
    /** Whether its model is not in memory. */
    public volatile boolean unloaded;
    /** Besides its own. */
    public volatile List<ModelStatus> others = List.of();
    /** What all that waits and comes fails with in a turn. */
    public volatile Optional<Failure> failure = Optional.empty();

    public volatile Optional<Warning> warning = Optional.empty();
    public volatile String device = "cpu";
    public volatile String engine = "";
    public volatile boolean closed;
    public volatile Loading loading = Loading.NONE;
    /** Called on the event loop. */
    public volatile Function<List<Peer>, List<Move>> moves = peers -> List.of();

    private static final class Row {
        final Work work;
        final float[] values;
        int step;

        Row(Work work) {
            this.work = work;
            this.values = work.tensor(work.resume().isPresent() ? SAMPLE : "x").toFloats();
            this.step = work.resume().map(Checkpoint::getStep).orElse(0);
        }

        Supplier<Snapshot> snapshot() {
            Checkpoint at = Checkpoint.newBuilder()
                    .setPosition(work.task().getPosition())
                    .setStep(step)
                    .build();
            float[] copy = values.clone();
            return () -> new Snapshot(at, List.of(Tensor.ofFloats(SAMPLE, copy, copy.length)));
        }
    }

    public TestStage(StageKind kind, int capacity) {
        this(kind, capacity, new Semaphore(Integer.MAX_VALUE));
    }

    /** @param gate one permit for each turn */
    public TestStage(StageKind kind, int capacity, Semaphore gate) {
        this.kind = kind;
        this.capacity = capacity;
        this.gate = gate;
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {
        if (openProblem != null) {
            throw openProblem;
        }
    }

    @Override
    public List<ModelStatus> models() {
        List<ModelStatus> models = new ArrayList<>(others);
        models.add(ModelStatus.newBuilder()
                .setId(MODEL)
                .addStages(Addresses.name(kind))
                .setProblem(problem)
                .setUnloaded(unloaded)
                .putFingerprints("unet", "u1")
                .build());
        models.add(ModelStatus.newBuilder()
                .setId("broken")
                .setProblem("no weights")
                .build());
        return models;
    }

    @Override
    public Target target() {
        return new Target(device, "fp32", engine, "", "");
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public Optional<String> refuse(Task task) {
        return task.getGeneration().getPrompt().isEmpty() ? Optional.of("prompt: empty") : Optional.empty();
    }

    @Override
    public List<Move> moves(List<Peer> peers) {
        return moves.apply(peers);
    }

    @Override
    public Loading loading() {
        return loading;
    }

    @Override
    public CompletionStage<Admission> prepare(Work work) {
        if (prepareProblem != null) {
            throw prepareProblem;
        }
        return preparing.apply(work, outbox -> admit(work, outbox));
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        rows.add(new Row(work));
    }

    @Override
    public Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return rows.stream()
                .filter(row -> row.work.key().equals(key) && row.step > 0)
                .findFirst()
                .map(Row::snapshot);
    }

    @Override
    public void drop(SampleKey key) {
        rows.removeIf(row -> row.work.key().equals(key));
    }

    @Override
    public int turn(Outbox outbox) {
        if (rows.isEmpty()) {
            return 0;
        }
        List<Row> batch = List.copyOf(rows);
        batch.forEach(row -> outbox.started(row.work));
        gate.acquireUninterruptibly();
        if (failure.isPresent()) {
            rows.clear();
            batch.forEach(row -> outbox.fail(row.work, failure.get()));
            return batch.size();
        }
        if (turnProblem != null) {
            Error problem = turnProblem;
            turnProblem = null;
            throw problem;
        }
        batch.forEach(row -> step(row, outbox));
        return batch.size();
    }

    private void step(Row row, Outbox outbox) {
        for (int i = 0; i < row.values.length; i++) {
            row.values[i]++;
        }
        row.step++;
        int total = row.work.stage().getForwards();
        Tensor x = Tensor.ofFloats("x", row.values, row.values.length);
        if (kind == StageKind.DENOISER) {
            outbox.progress(row.work, row.step, total, 0.001);
            if (row.work.task().getPreview().getEverySteps() > 0) {
                outbox.previewLatent(row.work, row.step, total, x);
            }
        }
        if (makesCheckpoints) {
            outbox.checkpoint(row.work, row.snapshot());
        }
        if (row.step < total) {
            return;
        }
        warning.ifPresent(about -> outbox.warn(row.work, about));
        rows.remove(row);
        if (kind == StageKind.DECODER) {
            outbox.finish(row.work, new Outbox.EncodedImage("png", row.values.length, 1, x.toBytes()));
        } else {
            outbox.handOn(row.work, List.of(x));
        }
    }

    @Override
    public void close() {
        closed = true;
    }
}

package dev.weir.bench.simulation;

import dev.weir.proto.Tensor;
import dev.weir.proto.v1.Checkpoint;
import dev.weir.proto.v1.ModelStatus;
import dev.weir.proto.v1.StageKind;
import dev.weir.proto.v1.Task;
import dev.weir.runtime.stage.Move;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.Outbox.EncodedImage;
import dev.weir.runtime.stage.Peer;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Target;
import dev.weir.runtime.stage.Work;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * A stage that computes one number instead of a latent, so that every step that is left out, repeated or of another
 * sample changes the picture.
 */
final class SimulatedStage implements Stage {

    private static final int ROWS = 4;
    private static final int CHECKPOINT_STEPS = 2;
    private static final String NUMBER = Snapshot.PREFIX + "number";

    private final StageKind kind;
    private final int capacity;
    private final RandomGenerator random;
    private final List<Run> held = new ArrayList<>();

    SimulatedStage(StageKind kind, int capacity, RandomGenerator random) {
        this.kind = kind;
        this.capacity = capacity;
        this.random = random;
    }

    /** What the sample of a seed looks like. */
    static byte[] picture(long seed, int steps) {
        long number = mix(seed, 0);
        number = mix(number, seed);
        for (int step = 1; step <= steps; step++) {
            number = mix(number, step);
        }
        return bytes(mix(number, -1));
    }

    private static long mix(long number, long with) {
        long mixed = (number ^ with) * 0x9E3779B97F4A7C15L;
        return mixed ^ mixed >>> 29;
    }

    private static byte[] bytes(long number) {
        return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
    }

    private static long number(Tensor tensor) {
        return ByteBuffer.wrap(tensor.toBytes()).getLong();
    }

    @Override
    public StageKind kind() {
        return kind;
    }

    @Override
    public void open() {}

    @Override
    public List<ModelStatus> models() {
        return SimulatedModel.servedBy(kind);
    }

    @Override
    public Target target() {
        return new Target("none", "simulated", "", "", "");
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public List<Move> moves(List<Peer> peers) {
        return held.stream()
                .filter(run -> !run.work.task().getStays() && random.nextInt(4) == 0)
                .limit(1)
                .flatMap(run -> peers.stream()
                        .filter(peer -> peer.freeCredits() > 0)
                        .limit(1)
                        .map(peer -> new Move(run.work.key(), peer.address())))
                .toList();
    }

    @Override
    public void admit(Work work, Outbox outbox) {
        held.add(new Run(work));
    }

    @Override
    public Optional<Supplier<Snapshot>> snapshot(SampleKey key) {
        return held.stream()
                .filter(run -> run.work.key().equals(key) && kind == StageKind.DENOISER && run.step > 0)
                .findFirst()
                .map(Run::snapshot);
    }

    @Override
    public void drop(SampleKey key) {
        held.removeIf(run -> run.work.key().equals(key));
    }

    boolean hasWork() {
        return !held.isEmpty();
    }

    @Override
    public int turn(Outbox outbox) {
        List<Run> rows = List.copyOf(held.subList(0, Math.min(ROWS, held.size())));
        held.removeAll(rows);
        for (Run run : rows) {
            if (!run.begun) {
                run.begun = true;
                outbox.started(run.work);
            }
            run.advance();
            if (kind == StageKind.DENOISER) {
                outbox.progress(run.work, run.step, run.steps, 0.05);
            }
            if (run.isDone()) {
                end(run, outbox);
            } else {
                held.add(run);
                if (run.step % CHECKPOINT_STEPS == 0) {
                    outbox.checkpoint(run.work, run.snapshot());
                }
            }
        }
        return rows.size();
    }

    private void end(Run run, Outbox outbox) {
        switch (kind) {
            case TEXT_ENCODER -> outbox.handOn(run.work, List.of(Tensor.ofBytes("cond", bytes(run.number))));
            case DECODER -> outbox.finish(run.work, new EncodedImage("png", 8, 8, bytes(run.number)));
            default -> {
                Tensor latent = Tensor.ofBytes("latent", bytes(run.number));
                Checkpoint at = Checkpoint.newBuilder()
                        .setPosition(run.work.task().getPosition() + 1)
                        .build();
                outbox.checkpoint(run.work, () -> new Snapshot(at, List.of(Snapshot.asGiven(latent))));
                outbox.handOn(run.work, List.of(latent));
            }
        }
    }

    @Override
    public void close() {}

    private final class Run {
        final Work work;
        final int steps;
        int step;
        long number;
        boolean begun;

        Run(Work work) {
            this.work = work;
            this.steps = work.stage().getForwards();
            this.step = work.resume().map(Checkpoint::getStep).orElse(0);
            Task task = work.task();
            this.number = switch (kind) {
                case TEXT_ENCODER -> task.getGeneration().getSeed();
                case DECODER -> number(work.tensor("latent"));
                default ->
                    step > 0
                            ? number(work.tensor(NUMBER))
                            : mix(
                                    number(work.tensor("cond")),
                                    task.getGeneration().getSeed());
            };
        }

        void advance() {
            step++;
            number = mix(number, kind == StageKind.DENOISER ? step : kind == StageKind.DECODER ? -1 : 0);
        }

        boolean isDone() {
            return step >= steps;
        }

        Supplier<Snapshot> snapshot() {
            Checkpoint at = Checkpoint.newBuilder()
                    .setPosition(work.task().getPosition())
                    .setStep(step)
                    .build();
            Tensor state = Tensor.ofBytes(NUMBER, bytes(number));
            return () -> new Snapshot(at, List.of(state));
        }
    }
}

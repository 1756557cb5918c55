package dev.weir.bench.simulation;

import dev.weir.runtime.stage.Device;
import dev.weir.runtime.stage.Outbox;
import dev.weir.runtime.stage.SampleKey;
import dev.weir.runtime.stage.Snapshot;
import dev.weir.runtime.stage.Stage;
import dev.weir.runtime.stage.Work;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A device on virtual time: a turn takes a fixed time, and commands wait for its end. */
final class SimulatedDevice implements Device {

    private final World world;
    private final Process process;
    private final SimulatedStage stage;
    private final Outbox outbox;
    private final Listener listener;
    private final long turnMicros;
    private final Deque<Runnable> commands = new ArrayDeque<>();
    private boolean busy;

    SimulatedDevice(
            World world, Process process, SimulatedStage stage, Outbox outbox, Listener listener, long turnMicros) {
        this.world = world;
        this.process = process;
        this.stage = stage;
        this.outbox = outbox;
        this.listener = listener;
        this.turnMicros = turnMicros;
    }

    private void add(Runnable command) {
        commands.add(command);
        if (!busy) {
            busy = true;
            world.after(0, process, this::goOn);
        }
    }

    private void goOn() {
        while (!commands.isEmpty()) {
            commands.poll().run();
        }
        busy = stage.hasWork();
        if (busy) {
            world.after(turnMicros, process, () -> {
                listener.turned(stage.turn(outbox), 1000 * turnMicros);
                goOn();
            });
        }
    }

    @Override
    public void admit(Work work, Stage.Admission admission) {
        add(() -> {
            try {
                admission.admit(outbox);
            } catch (RuntimeException problem) {
                listener.admitFailed(work, problem);
            }
        });
    }

    @Override
    public void drop(SampleKey key) {
        add(() -> stage.drop(key));
    }

    @Override
    public void giveBack(Work work, Consumer<Optional<Supplier<Snapshot>>> then) {
        add(() -> {
            Optional<Supplier<Snapshot>> snapshot = stage.snapshot(work.key());
            stage.drop(work.key());
            then.accept(snapshot);
        });
    }

    @Override
    public void execute(Runnable task) {
        add(task);
    }

    @Override
    public void resume() {
        add(() -> {});
    }

    @Override
    public long stalledMs() {
        return 0;
    }
}

package dev.weir.bench.simulation;

import dev.weir.runtime.Loop;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/** The loop of a simulated process. */
final class SimulatedLoop implements Loop {

    private final World world;
    private final Process process;
    private final SplittableRandom random;
    private final Set<Long> timers = new HashSet<>();
    private long lastTimer;

    SimulatedLoop(World world, Process process) {
        this.world = world;
        this.process = process;
        this.random = world.random.split();
    }

    @Override
    public long nowMs() {
        return world.wallMs();
    }

    @Override
    public long nanos() {
        return world.micros() * 1000;
    }

    @Override
    public long after(long ms, Runnable action) {
        long timer = ++lastTimer;
        timers.add(timer);
        world.after(1000 * ms, process, () -> {
            if (timers.remove(timer)) {
                action.run();
            }
        });
        return timer;
    }

    @Override
    public void every(long ms, Runnable action) {
        // Like Vert.x, after the action: a process that stood still does not make up for the periods that it missed.
        world.after(1000 * ms, process, () -> {
            action.run();
            every(ms, action);
        });
    }

    @Override
    public void cancel(long timer) {
        timers.remove(timer);
    }

    @Override
    public Executor here() {
        return action -> world.after(0, process, action);
    }

    @Override
    public RandomGenerator random() {
        return random;
    }
}

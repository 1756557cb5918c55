package dev.weir.bench.simulation;

import java.util.ArrayList;
import java.util.List;

/** A process of the simulation: it runs, stands still, or is dead. */
final class Process {

    private final World world;
    private final String name;
    private final List<Runnable> missed = new ArrayList<>();
    private boolean frozen;
    private boolean dead;
    private long frozenMs;
    private long stoodStillMs;

    Process(World world, String name) {
        this.world = world;
        this.name = name;
    }

    boolean isDead() {
        return dead;
    }

    boolean isUp() {
        return !dead && !frozen;
    }

    void die() {
        dead = true;
        missed.clear();
    }

    void freeze() {
        if (!frozen) {
            frozen = true;
            frozenMs = world.ms();
        }
    }

    /** How long it has stood still in its life. */
    long stoodStillMs() {
        return stoodStillMs;
    }

    /** What happened meanwhile, timers and messages, happens now. */
    void thaw() {
        if (frozen && !dead) {
            frozen = false;
            stoodStillMs += world.ms() - frozenMs;
            missed.forEach(action -> world.after(0, this, action));
        }
        missed.clear();
    }

    /** Whether an action may run now. If the process stands still, it runs when that is over. */
    boolean runs(Runnable action) {
        if (frozen && !dead) {
            missed.add(action);
        }
        return isUp();
    }

    @Override
    public String toString() {
        return name;
    }
}

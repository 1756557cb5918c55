package dev.weir.runtime;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The loop of a node in production: the machine's clocks and the timers of Vert.x. Any thread. */
record VertxLoop(Vertx vertx) implements Loop {

    @Override
    public long nowMs() {
        return System.currentTimeMillis();
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public long after(long ms, Runnable action) {
        return vertx.setTimer(ms, timer -> action.run());
    }

    @Override
    public void every(long ms, Runnable action) {
        vertx.setPeriodic(ms, timer -> action.run());
    }

    @Override
    public void cancel(long timer) {
        vertx.cancelTimer(timer);
    }

    @Override
    public Executor here() {
        Context context = vertx.getOrCreateContext();
        return action -> context.runOnContext(turn -> action.run());
    }

    @Override
    public RandomGenerator random() {
        return ThreadLocalRandom.current();
    }
}

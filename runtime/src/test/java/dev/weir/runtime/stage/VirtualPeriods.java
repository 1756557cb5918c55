package dev.weir.runtime.stage;

import dev.weir.runtime.Loop;
import dev.weir.runtime.NodeContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/** A loop whose periodic timers run when a test lets time pass. All else is that of another loop. */
final class VirtualPeriods implements Loop {

    private record Period(long ms, Executor loop, Runnable action) {}

    private final Loop real;
    private final List<Period> periods = new ArrayList<>();
    private long passedMs;

    VirtualPeriods(Loop real) {
        this.real = real;
    }

    /** The same node with this loop. */
    NodeContext of(NodeContext node) {
        return new NodeContext(
                node.vertx(),
                node.nodeId(),
                node.courier(),
                node.directory(),
                node.dispatcher(),
                node.memory(),
                node.health(),
                node.metrics(),
                node.tracing(),
                this,
                node.unit());
    }

    /** Returns when all timers that became due have run. */
    synchronized void pass(long ms) {
        for (long end = passedMs + ms; passedMs < end; ) {
            passedMs++;
            periods.stream()
                    .filter(period -> passedMs % period.ms == 0)
                    .toList()
                    .forEach(period -> CompletableFuture.runAsync(period.action, period.loop)
                            .join());
        }
    }

    @Override
    public synchronized void every(long ms, Runnable action) {
        periods.add(new Period(ms, real.here(), action));
    }

    @Override
    public long nowMs() {
        return real.nowMs();
    }

    @Override
    public long nanos() {
        return real.nanos();
    }

    @Override
    public long after(long ms, Runnable action) {
        return real.after(ms, action);
    }

    @Override
    public void cancel(long timer) {
        real.cancel(timer);
    }

    @Override
    public Executor here() {
        return real.here();
    }

    @Override
    public RandomGenerator random() {
        return real.random();
    }
}

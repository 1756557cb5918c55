package dev.weir.runtime.stage;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only thread that uses a stage's device. It opens the stage, then admits and drops samples as commanded, and runs
 * turns as long as there is work. It is long-lived, because libtorch keeps memory and settings per thread. Exceptions
 * of a turn go to the listener, and the thread continues.
 *
 * <p>The credits of the stage node bound its queue. It does not use the bus.
 */
final class DeviceThread implements Device {

    /** Called on the device thread. */
    interface Opening {
        void opened();

        void openFailed(Throwable problem);

        void closed();
    }

    private static final Logger log = LoggerFactory.getLogger(DeviceThread.class);

    private final Stage stage;
    private final Outbox outbox;
    private final Listener listener;
    private final Opening opening;
    private final BlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean working;
    private volatile long progressNanos;
    private volatile long longestNanos;
    private boolean closing;

    DeviceThread(String name, Stage stage, Outbox outbox, Listener listener, Opening opening) {
        this.stage = stage;
        this.outbox = outbox;
        this.listener = listener;
        this.opening = opening;
        this.thread = new Thread(this::run, name);
        this.thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    @Override
    public void admit(Work work, Stage.Admission admission) {
        commands.add(() -> {
            try {
                admission.admit(outbox);
            } catch (Throwable problem) {
                listener.admitFailed(work, problem);
            }
        });
    }

    @Override
    public void drop(SampleKey key) {
        commands.add(() -> dropNow(key));
    }

    @Override
    public void execute(Runnable command) {
        commands.add(() -> {
            try {
                command.run();
            } catch (Throwable problem) {
                log.error("A command of {} failed", thread.getName(), problem);
            }
        });
    }

    @Override
    public void giveBack(Work work, Consumer<Optional<Supplier<Snapshot>>> then) {
        commands.add(() -> {
            Optional<Supplier<Snapshot>> snapshot = Optional.empty();
            try {
                snapshot = stage.snapshot(work.key());
            } catch (Throwable problem) {
                log.error("{} could not be snapshot", work.key(), problem);
            }
            dropNow(work.key());
            then.accept(snapshot);
        });
    }

    private void dropNow(SampleKey key) {
        try {
            stage.drop(key);
        } catch (Throwable problem) {
            log.error("{} could not be dropped", key, problem);
        }
    }

    @Override
    public void resume() {
        commands.add(() -> {});
    }

    /** Ends after the commands that were given before. */
    void close() {
        commands.add(() -> closing = true);
    }

    @Override
    public long stalledMs() {
        return working ? (System.nanoTime() - progressNanos) / 1_000_000 : 0;
    }

    /** The longest turn or command so far. Any thread. */
    Duration longest() {
        return Duration.ofNanos(longestNanos);
    }

    private void run() {
        try {
            stage.open();
        } catch (Throwable problem) {
            opening.openFailed(problem);
            return;
        }
        opening.opened();
        try {
            serve();
        } catch (InterruptedException e) {
            log.warn("{} was interrupted, and ends", thread.getName());
        }
        try {
            stage.close();
        } catch (RuntimeException | Error problem) {
            log.error("{} could not close its stage", thread.getName(), problem);
        }
        opening.closed();
    }

    private void serve() throws InterruptedException {
        boolean hasWork = false;
        while (!closing) {
            working = hasWork;
            Runnable command = hasWork ? commands.poll() : commands.take();
            progressNanos = System.nanoTime();
            working = true;
            if (command != null) {
                command.run();
                hasWork = true;
            } else {
                hasWork = turn();
            }
            longestNanos = Math.max(longestNanos, System.nanoTime() - progressNanos);
        }
        working = false;
    }

    private boolean turn() {
        long from = System.nanoTime();
        try {
            int rows = stage.turn(outbox);
            if (rows > 0) {
                listener.turned(rows, System.nanoTime() - from);
            }
            return rows > 0;
        } catch (Throwable problem) {
            listener.turnFailed(problem);
            return false;
        }
    }
}

package dev.weir.engine.onnx;

import dev.weir.engine.torch.LibC;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * The threads of one session that compute beside the thread that calls it. On two cores, Linux often wakes such a thread on the
 * core of the caller although the other core is idle: after a busy moment it does not look for idle cores for a while. A short
 * forward pass then takes as long as on one thread. So while at most one thread too many needs a core, workers may not run on the
 * caller's core. While more threads need the cores, the system places them: a worker that shares a core with another program would
 * delay the forward pass.
 * One device thread owns it. Does nothing on systems other than Linux.
 */
final class Workers {

    private static final Path THIS_THREAD = Path.of("/proc/thread-self");
    private static final int NONE = -1;
    /** A thread that runs at the moment of a count mostly ends soon, or is a worker that spins. */
    private static final int MOST_PASSING = 1;

    private final List<Integer> threads;
    private final IntSupplier running;
    private final int cores = LibC.cores().cardinality();
    /** The core that the workers may not use. */
    private int avoided = NONE;
    /** Running threads at the end of the last forward pass. */
    private int before = Integer.MAX_VALUE;

    /** @param running how many threads of the machine run or wait for a core, with the calling one */
    Workers(List<Integer> threads, IntSupplier running) {
        this.threads = threads;
        this.running = running;
    }

    /** All threads with the calling thread's name, which a thread inherits from the one that starts it. */
    static Workers startedByThisThread() {
        try {
            var self = THIS_THREAD.toRealPath();
            var name = name(self);
            try (var all = Files.list(self.getParent())) {
                var threads = all.filter(
                                thread -> !thread.equals(self) && name(thread).equals(name))
                        .map(thread -> Integer.valueOf(thread.getFileName().toString()))
                        .toList();
                return new Workers(threads, RunningThreads::count);
            }
        } catch (IOException | UncheckedIOException e) {
            return new Workers(List.of(), RunningThreads::count);
        }
    }

    /** Empty for a thread that has ended. */
    private static String name(Path thread) {
        try {
            return Files.readString(thread.resolve("comm"));
        } catch (IOException e) {
            return "";
        }
    }

    List<Integer> threads() {
        return threads;
    }

    /**
     * Before each forward pass. Threads that tell others what the last one gave run for a moment now. They need no core for the time of
     * a forward pass, so the count at the end of the last one counts where it was less.
     */
    void place() {
        if (threads.isEmpty()) {
            return;
        }
        int others = Math.min(before, running.getAsInt()) - 1;
        int callers = others - MOST_PASSING <= cores - 1 - threads.size() ? LibC.core() : NONE;
        if (callers == avoided) {
            return;
        }
        var allowed = LibC.cores();
        if (callers != NONE) {
            allowed.clear(callers);
        }
        threads.forEach(thread -> LibC.runOn(allowed, thread));
        avoided = callers;
    }

    /** After each forward pass, before the caller wakes other threads with its results. */
    void look() {
        if (!threads.isEmpty()) {
            before = running.getAsInt();
        }
    }
}

package dev.weir.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Shows the progress on stderr: one line that is redrawn on a terminal, otherwise a line for each quarter. One thread
 * at a time.
 */
final class ProgressDisplay {

    private static final int BAR_CELLS = 30;
    private static final PrintWriter NOWHERE = new PrintWriter(Writer.nullWriter());
    private static final String TO_LINE_END = "\u001b[K";

    private final PrintWriter err;
    private final boolean isTerminal;
    private final LongSupplier nanoTime;
    private String line = "";
    private long firstStepNanos;
    private int firstStep = -1;
    private int quartersTold;

    ProgressDisplay(PrintWriter err, boolean isTerminal, LongSupplier nanoTime) {
        this.err = err;
        this.isTerminal = isTerminal;
        this.nanoTime = nanoTime;
    }

    static ProgressDisplay none() {
        return new ProgressDisplay(NOWHERE, false, System::nanoTime);
    }

    /** The launcher says whether stderr is a terminal. */
    static ProgressDisplay on(PrintWriter err) {
        return new ProgressDisplay(err, Boolean.getBoolean("weir.terminal"), System::nanoTime);
    }

    /** What a server does until it is ready: a line that stays, and none where nobody watches. */
    void starting(List<Path> models) {
        if (isTerminal) {
            String names = models.stream()
                    .map(model -> String.valueOf(model.getFileName()))
                    .collect(Collectors.joining(", "));
            line(names.isEmpty() ? "starting …" : "loading " + names + " …");
        }
    }

    /** What happens while there are no steps to count. */
    void note(String what) {
        if (!what.equals(line)) {
            show(what);
        }
    }

    /**
     * @param done steps of all images together
     * @param total of all images together
     */
    void steps(int done, int total) {
        if (firstStep < 0) {
            firstStep = done;
            firstStepNanos = nanoTime.getAsLong();
        }
        if (isTerminal) {
            int cells = BAR_CELLS * done / total;
            show("[%s%s] %d/%d%s"
                    .formatted("#".repeat(cells), "-".repeat(BAR_CELLS - cells), done, total, timeLeft(done, total)));
        } else if (4 * done / total > quartersTold) {
            quartersTold = 4 * done / total;
            show("step %d of %d%s".formatted(done, total, timeLeft(done, total)));
        }
    }

    private String timeLeft(int done, int total) {
        if (done <= firstStep || done >= total) {
            return "";
        }
        double seconds = (nanoTime.getAsLong() - firstStepNanos) / 1e9 / (done - firstStep) * (total - done);
        return seconds < 90
                ? String.format(Locale.ROOT, ", %.1f s left", seconds)
                : String.format(Locale.ROOT, ", %.0f min left", seconds / 60);
    }

    /** Prints a line that stays. */
    void line(String what) {
        clear();
        err.println(what);
        err.flush();
    }

    private void show(String text) {
        line = text;
        if (isTerminal) {
            err.print("\r" + text + TO_LINE_END);
        } else {
            err.println(text);
        }
        err.flush();
    }

    /** Removes the terminal's line before the next output. */
    void clear() {
        if (isTerminal && !line.isEmpty()) {
            err.print("\r" + TO_LINE_END);
            err.flush();
        }
        line = "";
    }
}

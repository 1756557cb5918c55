package dev.weir.bench.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;

/**
 * Cleans up after this JVM, however it ends: a shell that reads from this JVM. When it can read no more, it kills the
 * processes and runs the commands that it was told of. Shutdown hooks do not run when a JVM is killed. Any thread.
 */
final class Guardian {

    private static final String SCRIPT =
            """
            trap '' HUP INT TERM
            all=' '
            last=
            while read -r what it; do
              case $what in
                process) all="$all$it " ;;
                ended) all="${all%% $it *} ${all#* $it }" ;;
                last) last="$it
            $last" ;;
              esac
            done
            kill -KILL $all
            eval "$last"
            """;

    private static Guardian only;

    private final Writer told;

    private Guardian(Writer told) {
        this.told = told;
    }

    private static synchronized Guardian get() throws IOException {
        if (only == null) {
            Process shell = new ProcessBuilder("sh", "-c", SCRIPT)
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
            only = new Guardian(shell.outputWriter());
        }
        return only;
    }

    /** It is killed when this JVM ends, if it is still alive. */
    static void watch(Process process) {
        tell("process " + process.pid());
        process.onExit().thenAccept(ended -> tell("ended " + process.pid()));
    }

    /** A command of the shell to run at the end, after the processes were killed and before earlier commands. */
    static void runAtEnd(String command) {
        tell("last " + command);
    }

    private static void tell(String line) {
        try {
            Guardian guardian = get();
            synchronized (guardian) {
                guardian.told.write(line + "\n");
                guardian.told.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

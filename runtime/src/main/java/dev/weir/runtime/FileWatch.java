package dev.weir.runtime;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks each second whether small files have other contents. It compares bytes, because links may be swapped and clocks of file
 * systems may be coarse. Event loop of its creator; reads on worker threads.
 */
public final class FileWatch implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FileWatch.class);
    private static final long POLL_MS = 1000;

    private final Vertx vertx;
    private final List<Path> files;
    private final Consumer<List<byte[]>> listener;
    private final long timer;
    private List<byte[]> last;
    private String problem = "";
    private boolean reading;

    private FileWatch(Vertx vertx, List<Path> files, List<byte[]> known, Consumer<List<byte[]>> listener) {
        this.vertx = vertx;
        this.files = List.copyOf(files);
        this.last = known;
        this.listener = listener;
        this.timer = vertx.setPeriodic(POLL_MS, timer -> poll());
    }

    /**
     * @param known the contents that the caller has read
     * @param listener gets the contents, in the order of the files, after each change of any of them
     */
    public static FileWatch start(Vertx vertx, List<Path> files, List<byte[]> known, Consumer<List<byte[]>> listener) {
        return new FileWatch(vertx, files, known, listener);
    }

    /** The contents of files, in their order. */
    public static List<byte[]> read(List<Path> files) throws IOException {
        List<byte[]> contents = new ArrayList<>();
        for (Path file : files) {
            contents.add(Files.readAllBytes(file));
        }
        return contents;
    }

    private void poll() {
        if (reading) {
            return;
        }
        reading = true;
        vertx.executeBlocking(() -> read(files)).onComplete(read -> {
            reading = false;
            if (read.failed()) {
                report(read.cause().toString());
            } else {
                problem = "";
                compare(read.result());
            }
        });
    }

    /** Once for each problem, and not at each poll. */
    private void report(String newProblem) {
        if (!newProblem.equals(problem)) {
            problem = newProblem;
            log.error("{} cannot be read, so what was read before stays in use: {}", files, problem);
        }
    }

    private void compare(List<byte[]> contents) {
        boolean isSame = IntStream.range(0, files.size()).allMatch(i -> Arrays.equals(last.get(i), contents.get(i)));
        if (!isSame) {
            last = contents;
            listener.accept(contents);
        }
    }

    @Override
    public void close() {
        vertx.cancelTimer(timer);
    }
}

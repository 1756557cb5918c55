package dev.weir.bench.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A process's output on one stream: its newest lines, in limited number. Its own thread reads; any thread may ask. */
final class Transcript {

    private static final int MOST_LINES = 20_000;

    private final Deque<String> lines = new ArrayDeque<>();
    private final Thread reader;

    Transcript(InputStream stream) {
        reader = new Thread(() -> read(stream), "weir-transcript");
        reader.setDaemon(true);
        reader.start();
    }

    private void read(InputStream stream) {
        try (var text = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            text.lines().forEach(this::add);
        } catch (IOException | UncheckedIOException e) {
            add("(the stream broke off: " + e.getMessage() + ")");
        }
    }

    private synchronized void add(String line) {
        lines.add(line);
        if (lines.size() > MOST_LINES) {
            lines.remove();
        }
        notifyAll();
    }

    /** The rest of the first line with this beginning, without waiting. */
    synchronized Optional<String> after(String prefix) {
        return lines.stream()
                .filter(line -> line.startsWith(prefix))
                .findFirst()
                .map(line -> line.substring(prefix.length()));
    }

    /** Waits for more lines, for at most so long. */
    synchronized void awaitMore(long milliseconds) throws InterruptedException {
        wait(milliseconds);
    }

    void awaitEnd() throws InterruptedException {
        reader.join();
    }

    synchronized String text() {
        return String.join("\n", lines);
    }
}
